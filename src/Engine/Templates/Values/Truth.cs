using System.Numerics;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>What counts as true: all but None, False, 0, what is empty, and what is undefined.</summary>
internal static class Truth
{
    /// <summary>True, boxed once.</summary>
    public static readonly object True = true;

    /// <summary>False, boxed once.</summary>
    public static readonly object False = false;

    /// <summary>A boolean as a value.</summary>
    public static object Box(bool value) => value ? True : False;

    /// <summary>Whether a value counts as true.</summary>
    public static bool Of(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        string text => text.Length > 0,
        long number => number != 0,
        double number => number != 0,
        BigInteger number => !number.IsZero,
        JinjaSequence sequence => sequence.Count > 0,
        JinjaDict dict => dict.Count > 0,
        DictView view => view.Dict.Count > 0,
        _ => true,
    };
}
