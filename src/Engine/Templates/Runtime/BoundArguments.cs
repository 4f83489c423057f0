using System.Numerics;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Runtime;

/// <summary>The arguments of a built-in by the number of their parameter, with the checks and defaults that most of them need.</summary>
internal readonly struct BoundArguments(string function, object?[] values, Arguments all)
{
    /// <summary>The arguments as the caller wrote them, for built-ins that take any.</summary>
    public Arguments All => all;

    /// <summary>The value of a parameter, which must have been given.</summary>
    public object? this[int index] => values[index];

    /// <summary>Whether a parameter was given.</summary>
    public bool Has(int index) => values[index] != Signature.Absent;

    /// <summary>The value of a parameter, or a default.</summary>
    public object? Get(int index, object? fallback) => Has(index) ? values[index] : fallback;

    /// <summary>Text.</summary>
    public string Text(int index)
    {
        Undefined.Refuse(values[index]);
        return values[index] as string ?? throw Wrong(index, "text");
    }

    /// <summary>Text, or a default if left out or none.</summary>
    public string? Text(int index, string? fallback) => Has(index) && values[index] is not null ? Text(index) : fallback;

    /// <summary>A truth value, or a default.</summary>
    public bool Flag(int index, bool fallback) => Has(index) ? Truth.Of(values[index]) : fallback;

    /// <summary>An integer, cut to what fits 32 bits.</summary>
    public int Integer(int index)
    {
        Undefined.Refuse(values[index]);
        if (!Numbers.IsInteger(values[index]))
        {
            throw Wrong(index, "an integer");
        }
        return (int)BigInteger.Clamp(Numbers.Big(values[index]!), int.MinValue, int.MaxValue);
    }

    /// <summary>An integer, or a default if left out or none.</summary>
    public int Integer(int index, int fallback) => Has(index) && values[index] is not null ? Integer(index) : fallback;

    private TemplateError Wrong(int index, string expected) =>
        new($"argument {index + 1} of '{function}' must be {expected}, not of type '{TypeNames.Of(values[index])}'");
}
