using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>
/// The value of a name, attribute or element that doesn't exist. As in Jinja2's default mode it prints as nothing, is false, empty and
/// equal to itself; everything else done with it is an error.
/// </summary>
/// <param name="reason">Says why there is no value, as a sentence without its full stop; asked only if an error needs it.</param>
internal sealed class Undefined(Func<string> reason)
{
    /// <summary>A value that is missing for a fixed reason.</summary>
    public Undefined(string reason)
        : this(() => reason)
    {
    }

    /// <summary>The value of an unknown name.</summary>
    public static Undefined Name(string name) => new(() => $"'{name}' is undefined");

    /// <summary>The value of an attribute or key that an object lacks.</summary>
    public static Undefined Attribute(object? owner, string name) => new(() => $"'{Describe(owner)}' has no attribute {Reprs.Short(name)}");

    /// <summary>The value of an element that an object lacks.</summary>
    public static Undefined Element(object? owner, object? key) => new(() => $"'{Describe(owner)}' has no element {Reprs.Short(key)}");

    /// <summary>The error of using it.</summary>
    public TemplateError Error() => new(reason());

    /// <summary>Throws if a value is undefined.</summary>
    public static void Refuse(object? value)
    {
        if (value is Undefined undefined)
        {
            throw undefined.Error();
        }
    }

    private static string Describe(object? owner) => owner is null ? "None" : $"{TypeNames.Of(owner)} object";
}
