using System.Globalization;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>How Python writes a float: the shortest digits that read back as the same number, with an exponent below 1e-4 and from 1e16.</summary>
internal static class FloatText
{
    /// <summary>The text of a float.</summary>
    public static string Of(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }
        string sign = double.IsNegative(value) ? "-" : "";
        (string digits, int exponent) = Digits(Math.Abs(value));
        return sign + (exponent is < -4 or >= 16 ? Scientific(digits, exponent) : Positional(digits, exponent));
    }

    /// <summary>The shortest digits d1d2d3... and the exponent e with value = d1.d2d3... * 10^e, of a finite number that is not negative.</summary>
    internal static (string Digits, int Exponent) Digits(double value)
    {
        if (value == 0)
        {
            return ("0", 0);
        }
        // "R" writes the shortest digits that read back, plainly or with an exponent: 12.5, 0.001, 1.5E-05.
        string[] parts = value.ToString("R", CultureInfo.InvariantCulture).Split('E');
        int exponent = parts.Length > 1 ? int.Parse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0;
        int point = parts[0].IndexOf('.');
        string digits = parts[0].Replace(".", "", StringComparison.Ordinal);
        int leadingZeros = digits.Length - digits.TrimStart('0').Length;
        exponent += (point < 0 ? digits.Length : point) - 1 - leadingZeros;
        digits = digits.Trim('0');
        return (digits, exponent);
    }

    /// <summary>Digits with an exponent of at least two digits: <c>1.5e-07</c>.</summary>
    internal static string Scientific(string digits, int exponent)
    {
        string fraction = digits.Length > 1 ? $".{digits[1..]}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
    }

    private static string Positional(string digits, int exponent)
    {
        if (exponent < 0)
        {
            return "0." + new string('0', -exponent - 1) + digits;
        }
        digits = digits.PadRight(exponent + 2, '0');
        return $"{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }
}
