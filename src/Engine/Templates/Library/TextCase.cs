using System.Text;
using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>Python's case mappings: Unicode's, where some capital letters take more than one character (ß becomes SS).</summary>
internal static class TextCase
{
    /// <summary><c>str.upper</c></summary>
    public static string Upper(string text)
    {
        string upper = text.ToUpperInvariant();
        if (!upper.AsSpan().ContainsAny(UppercaseTable.Expanding))
        {
            return upper;
        }
        StringBuilder result = new(upper.Length);
        foreach (char c in upper)
        {
            result.Append(UppercaseTable.Expand(c));
        }
        return result.ToString();
    }

    /// <summary><c>str.lower</c></summary>
    public static string Lower(string text)
    {
        string lower = text.ToLowerInvariant().Replace("\u0130", "i\u0307", StringComparison.Ordinal);
        return text.Contains('\u03A3') ? WithFinalSigmas(text, lower) : lower;
    }

    /// <summary><c>str.capitalize</c>: the first character large, all others small.</summary>
    public static string Capitalize(string text)
    {
        int first = FirstLength(text);
        return CapitalizeFirst(text[..first]) + Lower(text[first..]);
    }

    /// <summary><c>str.title</c>: each character behind one without case large, all others small.</summary>
    public static string Title(string text)
    {
        StringBuilder result = new(text.Length);
        bool behindCased = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            string character = rune.ToString();
            result.Append(behindCased ? Lower(character) : CapitalizeFirst(character));
            behindCased = PythonCharacters.IsCased(rune);
        }
        return result.ToString();
    }

    /// <summary><c>str.swapcase</c></summary>
    public static string Swap(string text)
    {
        StringBuilder result = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            string character = rune.ToString();
            result.Append(Rune.IsUpper(rune) ? Lower(character) : Upper(character));
        }
        return result.ToString();
    }

    /// <summary>Jinja2's <c>title</c> filter: each character behind a space, hyphen or opening bracket large, all others small.</summary>
    public static string TitleWords(string text)
    {
        StringBuilder result = new(text.Length);
        int begin = 0;
        while (begin < text.Length)
        {
            int end = begin;
            while (end < text.Length && !IsWordSeparator(text[end]))
            {
                end++;
            }
            if (end > begin)
            {
                int first = FirstLength(text.AsSpan(begin));
                result.Append(Upper(text.Substring(begin, first))).Append(Lower(text[(begin + first)..end]));
            }
            for (begin = end; begin < text.Length && IsWordSeparator(text[begin]); begin++)
            {
                result.Append(text[begin]);
            }
        }
        return result.ToString();
    }

    /// <summary><c>str.islower</c>: has cased characters, all of them small.</summary>
    public static bool IsLower(Rendering rendering, string text) => HasOnly(rendering, text, rune => Rune.IsLower(rune));

    /// <summary><c>str.isupper</c>: has cased characters, all of them large.</summary>
    public static bool IsUpper(Rendering rendering, string text) => HasOnly(rendering, text, rune => Rune.IsUpper(rune));

    private static bool HasOnly(Rendering rendering, string text, Func<Rune, bool> isWanted)
    {
        rendering.ChargeScan(text.Length);
        bool any = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isCased = PythonCharacters.IsCased(rune);
            if (isCased && !isWanted(rune))
            {
                return false;
            }
            any |= isCased;
        }
        return any;
    }

    private static bool IsWordSeparator(char c) => c is '-' or '(' or '{' or '[' or '<' || PythonCharacters.IsSpace(c);

    private static int FirstLength(ReadOnlySpan<char> text) =>
        text.Length > 1 && char.IsSurrogatePair(text[0], text[1]) ? 2 : Math.Min(text.Length, 1);

    /// <summary>One character in title case: of an expansion only the first part is large (ß becomes Ss).</summary>
    private static string CapitalizeFirst(string character)
    {
        string upper = Upper(character);
        return upper.Length > 1 && !char.IsSurrogate(upper[0]) ? upper[0] + Lower(upper[1..]) : upper;
    }

    /// <summary>A capital sigma that ends a word becomes ς, not σ.</summary>
    private static string WithFinalSigmas(string text, string lower)
    {
        if (lower.Length != text.Length)
        {
            return lower;
        }
        StringBuilder result = new(lower);
        for (int i = 0; i < text.Length; i++)
        {
            bool behindLetter = i > 0 && char.IsLetter(text[i - 1]);
            bool beforeLetter = i + 1 < text.Length && char.IsLetter(text[i + 1]);
            if (text[i] == '\u03A3' && behindLetter && !beforeLetter)
            {
                result[i] = '\u03C2';
            }
        }
        return result.ToString();
    }
}
