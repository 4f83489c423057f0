using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Runtime;

/// <summary>The evaluated arguments of a call.</summary>
/// <param name="Positional">Those without a name, in order.</param>
/// <param name="Named">Those with one, in order; no name twice.</param>
internal sealed record Arguments(IReadOnlyList<object?> Positional, IReadOnlyList<KeyValuePair<string, object?>> Named)
{
    /// <summary>No arguments.</summary>
    public static Arguments None { get; } = new([], []);

    /// <summary>Finds a named argument.</summary>
    public bool TryGetNamed(string name, out object? value)
    {
        foreach ((string key, object? candidate) in Named)
        {
            if (key == name)
            {
                value = candidate;
                return true;
            }
        }
        value = null;
        return false;
    }

    /// <summary>The arguments behind the first ones.</summary>
    public Arguments Skip(int count) => this with { Positional = [.. Positional.Skip(count)] };

    /// <summary>The named ones as a dictionary.</summary>
    public JinjaDict NamedAsDict(Rendering rendering)
    {
        JinjaDict dict = new();
        foreach ((string name, object? value) in Named)
        {
            dict.Set(rendering, name, value);
        }
        return dict;
    }
}
