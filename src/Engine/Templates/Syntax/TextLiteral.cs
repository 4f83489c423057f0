using System.Globalization;
using System.Text;

namespace LocalLlm.Engine.Templates.Syntax;

/// <summary>Text in quotes, with Python's escapes.</summary>
internal static class TextLiteral
{
    /// <summary>What the text between two quotes means. An unknown escape stays as it is written.</summary>
    public static string Unescape(SourceText source, int begin, int end)
    {
        ReadOnlySpan<char> text = source.Text.AsSpan(begin, end - begin);
        if (!text.Contains('\\'))
        {
            return text.ToString();
        }
        StringBuilder result = new(text.Length);
        for (int i = 0; i < text.Length;)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Append(text[i++]);
                continue;
            }
            int length = Escape(text[i..], result);
            if (length == 0)
            {
                throw source.Error("the text in quotes has an escape that is not complete or not supported", begin + i);
            }
            i += length;
        }
        return result.ToString();
    }

    /// <summary>Adds what an escape means and gives its length with the backslash; 0 if it is broken.</summary>
    private static int Escape(ReadOnlySpan<char> text, StringBuilder result)
    {
        char c = text[1];
        switch (c)
        {
            case '\n':
                return 2;
            case 'x':
                return Hexadecimal(text, 2, result);
            case 'u':
                return Hexadecimal(text, 4, result);
            case 'U':
                return Hexadecimal(text, 8, result);
            case 'N':
                return 0;
            case >= '0' and <= '7':
                return Octal(text, result);
        }
        int index = "\\'\"abfnrtv".IndexOf(c, StringComparison.Ordinal);
        if (index >= 0)
        {
            result.Append("\\'\"\a\b\f\n\r\t\v"[index]);
        }
        else
        {
            result.Append('\\').Append(c);
        }
        return 2;
    }

    private static int Octal(ReadOnlySpan<char> text, StringBuilder result)
    {
        int length = 1;
        int value = 0;
        while (length < 4 && length < text.Length && text[length] is >= '0' and <= '7')
        {
            value = (value * 8) + (text[length++] - '0');
        }
        result.Append((char)value);
        return length;
    }

    private static int Hexadecimal(ReadOnlySpan<char> text, int digits, StringBuilder result)
    {
        if (text.Length < digits + 2
            || !uint.TryParse(text.Slice(2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value)
            || value > 0x10FFFF)
        {
            return 0;
        }
        if (value < 0x10000)
        {
            result.Append((char)value);
        }
        else
        {
            result.Append(char.ConvertFromUtf32((int)value));
        }
        return digits + 2;
    }
}
