using System.Globalization;
using System.Text;

namespace LocalLlm.Engine.Templates.Go.Syntax;

/// <summary>Go's quoted literals: <c>"text"</c> and <c>'c'</c> with escapes, and <c>`raw text`</c>. A character's value is its number.</summary>
internal static class GoQuotes
{
    /// <summary>Where the literal that begins here ends.</summary>
    /// <exception cref="GoTemplateException">It doesn't end, or not in its line (raw text may have several).</exception>
    public static int End(GoSource source, int start)
    {
        string text = source.Text;
        char quote = text[start];
        for (int i = start + 1; i < text.Length && (quote == '`' || text[i] != '\n'); i++)
        {
            if (text[i] == quote)
            {
                return i + 1;
            }
            if (text[i] == '\\' && quote != '`')
            {
                i++;
            }
        }
        throw source.Error("the text in quotes has no end", start);
    }

    /// <summary>The value of a literal: text, or for <c>'c'</c> a number.</summary>
    /// <exception cref="GoTemplateException">An escape in it is wrong, or a character literal isn't one character.</exception>
    public static object Value(GoSource source, int start, int end)
    {
        string text = source.Text;
        if (text[start] == '`')
        {
            // Go drops carriage returns from raw text.
            return text[(start + 1)..(end - 1)].Replace("\r", "", StringComparison.Ordinal);
        }
        // Escapes such as \xC3 are bytes of UTF-8, so that the text is put together as bytes.
        List<byte> bytes = [];
        int count = 0;
        int position = start + 1;
        int number = 0;
        while (position < end - 1)
        {
            number = text[position] == '\\' ? Escape(source, ref position, text[start], bytes) : Plain(text, ref position, bytes);
            count++;
        }
        if (text[start] == '"')
        {
            return Encoding.UTF8.GetString([.. bytes]);
        }
        return count == 1 ? (long)number : throw source.Error("a literal in single quotes is one character; write text in double quotes", start);
    }

    private static int Plain(string text, ref int position, List<byte> bytes)
    {
        Rune.DecodeFromUtf16(text.AsSpan(position), out Rune rune, out int length);
        position += length;
        return Add(rune, bytes);
    }

    /// <summary>Reads an escape; gives the number of its character or byte.</summary>
    private static int Escape(GoSource source, ref int position, char quote, List<byte> bytes)
    {
        int start = position;
        char letter = source.Text[position + 1];
        (int digits, int radix) = letter switch
        {
            'x' => (2, 16),
            'u' => (4, 16),
            'U' => (8, 16),
            >= '0' and <= '7' => (3, 8),
            _ => (0, 0),
        };
        if (digits == 0)
        {
            int simple = "abfnrtv\\".IndexOf(letter, StringComparison.Ordinal);
            position += 2;
            return simple >= 0 ? Add(new Rune("\a\b\f\n\r\t\v\\"[simple]), bytes)
                : letter == quote ? Add(new Rune(quote), bytes)
                : throw source.Error($"the escape '\\{letter}' is unknown", start);
        }
        int first = position + (radix == 8 ? 1 : 2);
        position = first + digits;
        int number = Number(source.Text, first, digits, radix);
        bool isByte = radix == 8 || letter == 'x';
        if (number < 0 || (isByte ? number > 255 : !Rune.IsValid(number)))
        {
            throw source.Error($"the escape '\\{letter}' is incomplete or out of range", start);
        }
        if (!isByte)
        {
            return Add(new Rune(number), bytes);
        }
        bytes.Add((byte)number);
        return number;
    }

    private static int Number(string text, int start, int digits, int radix)
    {
        int number = 0;
        for (int i = start; i < start + digits; i++)
        {
            int digit = i < text.Length && char.IsAsciiHexDigit(text[i]) ? int.Parse(text.AsSpan(i, 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture) : radix;
            if (digit >= radix || number > 0x10FFFF)
            {
                return -1;
            }
            number = (number * radix) + digit;
        }
        return number;
    }

    private static int Add(Rune rune, List<byte> bytes)
    {
        Span<byte> buffer = stackalloc byte[4];
        bytes.AddRange(buffer[..rune.EncodeToUtf8(buffer)]);
        return rune.Value;
    }
}
