using System.Globalization;
using System.Numerics;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>Digits of numbers in the presentations of <c>%</c> and <c>format</c>, without their sign.</summary>
internal static class NumberText
{
    /// <summary>An integer in base 2, 8, 10 or 16, lower case.</summary>
    public static string Integer(BigInteger value, int numberBase)
    {
        value = BigInteger.Abs(value);
        return numberBase switch
        {
            10 => value.ToString(CultureInfo.InvariantCulture),
            16 => Trim(value.ToString("x", CultureInfo.InvariantCulture)),
            2 => Trim(value.ToString("b", CultureInfo.InvariantCulture)),
            _ => Octal(value),
        };
    }

    /// <summary><c>f</c>: a float with so many digits behind the point.</summary>
    public static string Fixed(double value, int precision)
    {
        string digits = ExactDecimal.Scale(value, precision).ToString(CultureInfo.InvariantCulture).PadLeft(precision + 1, '0');
        return precision == 0 ? digits : $"{digits[..^precision]}.{digits[^precision..]}";
    }

    /// <summary><c>e</c>: one digit, so many behind the point, and an exponent of at least two digits.</summary>
    public static string Scientific(double value, int precision)
    {
        (string digits, int exponent) = Significant(value, precision + 1);
        string fraction = precision == 0 ? "" : $".{digits[1..]}";
        return string.Create(CultureInfo.InvariantCulture, $"{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
    }

    /// <summary><c>g</c>: so many significant digits, with an exponent below 1e-4 and where they don't reach the point.</summary>
    /// <param name="value">A finite float.</param>
    /// <param name="precision">Significant digits, at least 1.</param>
    /// <param name="keepZeros">Keeps zeros at the end (<c>#</c>).</param>
    public static string General(double value, int precision, bool keepZeros)
    {
        int exponent = Significant(value, precision).Exponent;
        bool isScientific = exponent < -4 || exponent >= precision;
        string text = isScientific ? Scientific(value, precision - 1) : Fixed(value, precision - 1 - exponent);
        if (keepZeros || !text.Contains('.'))
        {
            return text;
        }
        int end = isScientific ? text.IndexOf('e') : text.Length;
        return text[..end].TrimEnd('0').TrimEnd('.') + text[end..];
    }

    /// <summary>Puts a separator between groups of three digits (four, if not decimal) of the part before the point.</summary>
    public static string Group(string text, char separator, int size)
    {
        int end = text.AsSpan().IndexOfAny('.', 'e');
        end = end < 0 ? text.Length : end;
        string result = text[end..];
        for (int begin = end; begin > 0; begin -= size)
        {
            string group = text[Math.Max(begin - size, 0)..begin];
            result = begin == end ? group + result : $"{group}{separator}{result}";
        }
        return result;
    }

    private static (string Digits, int Exponent) Significant(double value, int count)
    {
        if (value == 0)
        {
            return (new string('0', count), 0);
        }
        int exponent = ExactDecimal.Exponent(Math.Abs(value));
        string digits = ExactDecimal.Scale(value, count - 1 - exponent).ToString(CultureInfo.InvariantCulture);

        // Rounding up 9.99 gains a digit.
        return digits.Length > count ? (digits[..count], exponent + 1) : (digits, exponent);
    }

    private static string Trim(string digits) => digits.TrimStart('0') is { Length: > 0 } trimmed ? trimmed : "0";

    private static string Octal(BigInteger value)
    {
        Stack<char> digits = new();
        do
        {
            digits.Push((char)('0' + (int)(value & 7)));
            value >>= 3;
        }
        while (!value.IsZero);
        return new string([.. digits]);
    }
}
