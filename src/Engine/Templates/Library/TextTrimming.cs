using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>Python's <c>strip</c> family: takes characters off the ends, white space unless told which.</summary>
internal static class TextTrimming
{
    /// <summary>A way to take characters off.</summary>
    public delegate ReadOnlySpan<char> Trimming(ReadOnlySpan<char> text, string? characters);

    /// <summary>Takes characters off in a rendering's name.</summary>
    public static string Apply(Rendering rendering, string text, string? characters, Trimming trimming)
    {
        rendering.ChargeSearch(text.Length, characters?.Length ?? 0);
        ReadOnlySpan<char> rest = trimming(text, characters);
        rendering.AllocateText(rest.Length);
        return rest.Length == text.Length ? text : rest.ToString();
    }

    /// <summary>Off both ends.</summary>
    public static ReadOnlySpan<char> Strip(ReadOnlySpan<char> text, string? characters) => StripStart(StripEnd(text, characters), characters);

    /// <summary>Off the start.</summary>
    public static ReadOnlySpan<char> StripStart(ReadOnlySpan<char> text, string? characters)
    {
        int begin = 0;
        while (begin < text.Length && LengthOfMatch(text[begin..], characters, atEnd: false) is > 0 and var length)
        {
            begin += length;
        }
        return text[begin..];
    }

    /// <summary>Off the end.</summary>
    public static ReadOnlySpan<char> StripEnd(ReadOnlySpan<char> text, string? characters)
    {
        int end = text.Length;
        while (end > 0 && LengthOfMatch(text[..end], characters, atEnd: true) is > 0 and var length)
        {
            end -= length;
        }
        return text[..end];
    }

    /// <summary>Code units of the first or last character, if it is one to take off; else 0.</summary>
    private static int LengthOfMatch(ReadOnlySpan<char> text, string? characters, bool atEnd)
    {
        char c = atEnd ? text[^1] : text[0];
        if (characters is null)
        {
            return PythonCharacters.IsSpace(c) ? 1 : 0;
        }
        if (!char.IsSurrogate(c) || text.Length < 2)
        {
            return characters.Contains(c) ? 1 : 0;
        }
        ReadOnlySpan<char> pair = atEnd ? text[^2..] : text[..2];
        return characters.AsSpan().IndexOf(pair) >= 0 ? 2 : 0;
    }
}
