using System.Globalization;
using System.Text;

namespace LocalLlm.Engine.Tokenization;

/// <summary>The classes of characters that the pre-tokenizers' patterns tell apart.</summary>
internal enum CharacterClass : byte
{
    /// <summary><c>[^\s\p{L}\p{N}]</c>.</summary>
    Other,

    /// <summary><c>\p{L}</c>.</summary>
    Letter,

    /// <summary><c>\p{N}</c>: decimal digits, letter-like and other numbers.</summary>
    Number,

    /// <summary><c>\s</c> but neither carriage return nor line feed: every character of Unicode's White_Space property.</summary>
    Space,

    /// <summary><c>[\r\n]</c>, which is <c>\s</c> too.</summary>
    LineBreak,
}

/// <summary>Reads well-formed UTF-8 as characters with classes. Positions are byte offsets at character borders.</summary>
internal static class CharacterClasses
{
    private static readonly CharacterClass[] OfAscii = [.. Enumerable.Range(0, 128).Select(c => Classify(new Rune(c)))];

    /// <summary>Class of the character at <paramref name="at"/>, and its length in bytes.</summary>
    public static CharacterClass At(ReadOnlySpan<byte> text, int at, out int length)
    {
        byte first = text[at];
        if (first < 0x80)
        {
            length = 1;
            return OfAscii[first];
        }
        Rune.DecodeFromUtf8(text[at..], out Rune character, out length);
        return Classify(character);
    }

    /// <summary>End of the run of characters of one class that starts at <paramref name="at"/>; <paramref name="at"/> itself if there is none.</summary>
    public static int RunEnd(ReadOnlySpan<byte> text, int at, CharacterClass wanted)
    {
        while (at < text.Length && At(text, at, out int length) == wanted)
        {
            at += length;
        }
        return at;
    }

    /// <summary>Whether a class is part of <c>\s</c>.</summary>
    public static bool IsWhiteSpace(CharacterClass characterClass) => characterClass >= CharacterClass.Space;

    /// <summary>Whether the character at <paramref name="at"/> is in <c>[\p{P}$+&lt;=&gt;^~|]</c>.</summary>
    public static bool IsPunctuation(ReadOnlySpan<byte> text, int at, out int length)
    {
        Rune.DecodeFromUtf8(text[at..], out Rune character, out length);
        return character.Value is '$' or '+' or '<' or '=' or '>' or '^' or '~' or '|' || Rune.IsPunctuation(character);
    }

    private static CharacterClass Classify(Rune character)
    {
        if (character.Value is '\r' or '\n')
        {
            return CharacterClass.LineBreak;
        }
        return Rune.GetUnicodeCategory(character) switch
        {
            <= UnicodeCategory.OtherLetter => CharacterClass.Letter,
            >= UnicodeCategory.DecimalDigitNumber and <= UnicodeCategory.OtherNumber => CharacterClass.Number,
            _ => Rune.IsWhiteSpace(character) ? CharacterClass.Space : CharacterClass.Other,
        };
    }
}
