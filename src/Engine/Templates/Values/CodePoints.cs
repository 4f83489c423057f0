using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>
/// Text as Python counts it: by code points, where .NET counts UTF-16 code units. The two differ only in text with surrogates, so most
/// text takes the short way.
/// </summary>
internal static class CodePoints
{
    /// <summary>Whether a code point is more than one code unit somewhere in the text.</summary>
    public static bool HasSurrogates(ReadOnlySpan<char> text) => text.ContainsAnyInRange('\uD800', '\uDFFF');

    /// <summary>Number of code points.</summary>
    public static int Count(ReadOnlySpan<char> text)
    {
        if (!HasSurrogates(text))
        {
            return text.Length;
        }
        int count = 0;
        for (int i = 0; i < text.Length; i += LengthAt(text, i))
        {
            count++;
        }
        return count;
    }

    /// <summary>Offset in code units of the code point with this number; the text's length if it has no more than that.</summary>
    public static int Offset(string text, int codePoint)
    {
        if (!HasSurrogates(text))
        {
            return Math.Min(codePoint, text.Length);
        }
        int offset = 0;
        while (codePoint > 0 && offset < text.Length)
        {
            offset += LengthAt(text, offset);
            codePoint--;
        }
        return offset;
    }

    /// <summary>The code points, each as text of its own.</summary>
    public static IEnumerable<object?> Characters(Rendering rendering, string text)
    {
        for (int i = 0; i < text.Length; i += LengthAt(text, i))
        {
            rendering.Charge(1);
            yield return text.Substring(i, LengthAt(text, i));
        }
    }

    /// <summary>The code points, each as text of its own, in an array.</summary>
    public static string[] Split(Rendering rendering, string text)
    {
        rendering.AllocateElements(text.Length);
        return [.. Characters(rendering, text).Cast<string>()];
    }

    /// <summary>Order by code points: where UTF-16 order differs, a surrogate stands for a code point above all others.</summary>
    public static int Compare(string a, string b)
    {
        int same = a.AsSpan().CommonPrefixLength(b);
        if (same == a.Length || same == b.Length)
        {
            return a.Length.CompareTo(b.Length);
        }
        (char x, char y) = (a[same], b[same]);
        return char.IsSurrogate(x) == char.IsSurrogate(y) ? x.CompareTo(y) : char.IsSurrogate(x) ? 1 : -1;
    }

    private static int LengthAt(ReadOnlySpan<char> text, int index) =>
        index + 1 < text.Length && char.IsSurrogatePair(text[index], text[index + 1]) ? 2 : 1;
}
