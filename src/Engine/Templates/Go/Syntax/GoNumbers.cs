using System.Globalization;
using System.Numerics;

namespace LocalLlm.Engine.Templates.Go.Syntax;

/// <summary>Go's number literals: whole ones (<c>42</c>, <c>-1_000</c>, <c>0x1F</c>, <c>0b101</c>, <c>0o17</c>) are an int of 64 bits, those with a point or an exponent a float64.</summary>
internal static class GoNumbers
{
    /// <summary>Where the number that begins here ends: at the first character that can't be in one.</summary>
    public static int End(string text, int start)
    {
        bool isHex = false;
        int end = start + (text[start] is '+' or '-' ? 1 : 0);
        for (; end < text.Length; end++)
        {
            char c = text[end];
            isHex |= c is 'x' or 'X';
            bool isExponentSign = c is '+' or '-' && end > start && (text[end - 1] is 'p' or 'P' || (!isHex && text[end - 1] is 'e' or 'E'));
            if (c is not ('.' or '_') && !char.IsLetterOrDigit(c) && !isExponentSign)
            {
                break;
            }
        }
        return end;
    }

    /// <summary>The number: a <see cref="long"/> or a <see cref="double"/>.</summary>
    /// <exception cref="GoTemplateException">It is none, or doesn't fit.</exception>
    public static object Value(GoSource source, int start, int end)
    {
        string written = source.Text[start..end];
        bool isNegative = written[0] == '-';
        string digits = written.TrimStart('+', '-');
        string plain = digits.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
        BigInteger? integer = Integer(plain);
        if (!IsGrouped(digits) || written.Length - digits.Length > 1)
        {
            integer = null;
        }
        else if (integer is null && plain.AsSpan().ContainsAny('.', 'e') && !plain.StartsWith("0x", StringComparison.Ordinal)
            && double.TryParse(plain, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double real) && double.IsFinite(real))
        {
            return isNegative ? -real : real;
        }
        if (integer is not { } value)
        {
            throw source.Error($"'{written}' is no number that templates can have", start);
        }
        value = isNegative ? -value : value;
        return value >= long.MinValue && value <= long.MaxValue ? (long)value : throw source.Error($"the number {written} doesn't fit into 64 bits", start);
    }

    private static BigInteger? Integer(string digits)
    {
        int radix = digits.Length < 2 || digits[0] != '0' ? 10 : digits[1] switch
        {
            'x' => 16,
            'b' => 2,
            'o' => 8,
            _ => 8,
        };
        int prefix = radix == 10 ? 0 : char.IsAsciiLetter(digits[1]) ? 2 : 1;
        // Longer ones fit nowhere, and reading them takes time.
        if (digits.Length == prefix || digits.Length > 400)
        {
            return null;
        }
        BigInteger value = 0;
        foreach (char c in digits.AsSpan(prefix))
        {
            int digit = char.IsAsciiHexDigit(c) ? int.Parse([c], NumberStyles.HexNumber, CultureInfo.InvariantCulture) : radix;
            if (digit >= radix)
            {
                return null;
            }
            value = (value * radix) + digit;
        }
        return value;
    }

    /// <summary>Underscores may stand between digits, or behind a prefix, only.</summary>
    private static bool IsGrouped(string digits)
    {
        for (int i = digits.IndexOf('_'); i >= 0; i = digits.IndexOf('_', i + 1))
        {
            if (i == 0 || i + 1 == digits.Length || !char.IsLetterOrDigit(digits[i - 1]) || !char.IsAsciiHexDigit(digits[i + 1]))
            {
                return false;
            }
        }
        return true;
    }
}
