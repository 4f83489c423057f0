using System.Globalization;
using System.Numerics;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Syntax;

/// <summary>Numbers as Python writes them: <c>12</c>, <c>1_000</c>, <c>0x1f</c>, <c>0b10</c>, <c>0o17</c>, <c>1.5</c>, <c>2e-3</c>.</summary>
internal static class NumberLiteral
{
    /// <summary>How many characters at the start are a number; there is at least one digit.</summary>
    public static int Length(ReadOnlySpan<char> text, bool mayBeFloat)
    {
        int prefixed = text.Length > 2 && text[0] == '0' ? PrefixedLength(text) : 0;
        if (prefixed > 0)
        {
            return prefixed;
        }
        int length = DigitsLength(text, char.IsAsciiDigit);
        return mayBeFloat ? length + FractionLength(text[length..]) : length;
    }

    /// <summary>The value of a number; false if it has too many digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out object? value)
    {
        string digits = text.ToString().Replace("_", "", StringComparison.Ordinal);
        value = null;
        if (digits.Length > Numbers.MaxDigits)
        {
            return false;
        }
        char prefix = digits.Length > 2 ? char.ToLowerInvariant(digits[1]) : ' ';
        value = prefix switch
        {
            'x' => ParseDigits(digits.AsSpan(2), 16),
            'o' => ParseDigits(digits.AsSpan(2), 8),
            'b' => ParseDigits(digits.AsSpan(2), 2),
            _ when digits.AsSpan().ContainsAny('.', 'e', 'E') => double.Parse(digits, CultureInfo.InvariantCulture),
            _ => ParseDigits(digits, 10),
        };
        return true;
    }

    /// <summary>An integer from digits of a base up to 36.</summary>
    public static object ParseDigits(ReadOnlySpan<char> digits, int numberBase)
    {
        BigInteger value = BigInteger.Zero;
        foreach (char digit in digits)
        {
            value = (value * numberBase) + DigitValue(digit);
        }
        return Numbers.Normalize(value);
    }

    /// <summary>What a digit or letter counts in bases up to 36; -1 for anything else.</summary>
    public static int DigitValue(char digit) => digit switch
    {
        >= '0' and <= '9' => digit - '0',
        >= 'a' and <= 'z' => digit - 'a' + 10,
        >= 'A' and <= 'Z' => digit - 'A' + 10,
        _ => -1,
    };

    private static int PrefixedLength(ReadOnlySpan<char> text)
    {
        int numberBase = char.ToLowerInvariant(text[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 };
        if (numberBase == 0)
        {
            return 0;
        }
        int digits = DigitsLength(text[2..], c => DigitValue(c) is >= 0 and var value && value < numberBase);
        return digits == 0 ? 0 : digits + 2;
    }

    /// <summary>Length of digits with single underscores between them.</summary>
    private static int DigitsLength(ReadOnlySpan<char> text, Func<char, bool> isDigit)
    {
        int length = 0;
        while (length < text.Length && (isDigit(text[length]) || (text[length] == '_' && length > 0 && length + 1 < text.Length && isDigit(text[length + 1]))))
        {
            length++;
        }
        return length;
    }

    private static int FractionLength(ReadOnlySpan<char> text)
    {
        int length = 0;
        if (text.Length > 1 && text[0] == '.' && char.IsAsciiDigit(text[1]))
        {
            length = 1 + DigitsLength(text[1..], char.IsAsciiDigit);
        }
        ReadOnlySpan<char> exponent = text[length..];
        if (exponent.Length > 0 && exponent[0] is 'e' or 'E')
        {
            int sign = exponent.Length > 1 && exponent[1] is '+' or '-' ? 2 : 1;
            int digits = DigitsLength(exponent[sign..], char.IsAsciiDigit);
            length += digits > 0 ? sign + digits : 0;
        }
        return length;
    }
}
