namespace LocalLlm.Engine.Templates.Runtime;

/// <summary>
/// The parameters of a built-in, written as <c>"old new count?"</c>: names in order, <c>?</c> behind those that may be left out. A
/// lone <c>*</c> stands for any arguments; the built-in then looks at them itself.
/// </summary>
internal sealed class Signature
{
    private readonly string[] _names;
    private readonly int _required;

    private Signature(string[] names, int required)
    {
        _names = names;
        _required = required;
    }

    /// <summary>Whether any arguments are taken.</summary>
    public bool TakesAny { get; private init; }

    /// <summary>Reads a signature.</summary>
    public static Signature Of(string text)
    {
        string[] names = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return text == "*"
            ? new Signature([], 0) { TakesAny = true }
            : new Signature([.. names.Select(name => name.TrimEnd('?'))], names.Count(name => !name.EndsWith('?')));
    }

    /// <summary>Gives each parameter its argument; <see cref="Absent"/> stands for what was left out.</summary>
    /// <exception cref="TemplateError">An argument is missing, unknown, doubled or too many.</exception>
    public object?[] Bind(string function, Arguments arguments)
    {
        if (arguments.Positional.Count > _names.Length)
        {
            throw new TemplateError($"'{function}' takes at most {_names.Length} arguments, not {arguments.Positional.Count}");
        }
        object?[] values = new object?[_names.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = i < arguments.Positional.Count ? arguments.Positional[i] : Absent;
        }
        foreach ((string name, object? value) in arguments.Named)
        {
            int index = Array.IndexOf(_names, name);
            if (index < 0)
            {
                throw new TemplateError($"'{function}' has no parameter '{name}'");
            }
            if (values[index] != Absent)
            {
                throw new TemplateError($"'{function}' got two values for '{name}'");
            }
            values[index] = value;
        }
        int missing = Array.IndexOf(values, Absent);
        return missing < 0 || missing >= _required ? values : throw new TemplateError($"'{function}' needs a value for '{_names[missing]}'");
    }

    /// <summary>Stands for an argument that was left out.</summary>
    public static object Absent { get; } = new();
}
