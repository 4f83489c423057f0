using System.Globalization;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>Text of float64: the shortest digits that read back as the same number.</summary>
internal static class GoFloat
{
    /// <summary><c>%v</c>: with an exponent below 1e-4 and from 1e6 on, even if that is longer.</summary>
    public static string General(double value) => double.IsFinite(value) ? Write(value, -4, 6) : double.IsNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";

    /// <summary>JSON: with an exponent below 1e-6 and from 1e21 on, of as few digits as it takes.</summary>
    public static string Json(double value)
    {
        string text = Write(value, -6, 21);
        int exponent = text.IndexOf('e', StringComparison.Ordinal);
        return exponent >= 0 && text[exponent + 1] == '-' && text[exponent + 2] == '0' ? text.Remove(exponent + 2, 1) : text;
    }

    private static string Write(double value, int low, int high)
    {
        (string digits, int exponent) = FloatText.Digits(Math.Abs(value));
        string sign = double.IsNegative(value) ? "-" : "";
        return sign + (exponent < low || exponent >= high ? FloatText.Scientific(digits, exponent) : Positional(digits, exponent));
    }

    private static string Positional(string digits, int exponent)
    {
        if (exponent < 0)
        {
            return string.Create(CultureInfo.InvariantCulture, $"0.{new string('0', -exponent - 1)}{digits}");
        }
        string padded = digits.PadRight(exponent + 1, '0');
        return padded.Length == exponent + 1 ? padded : $"{padded[..(exponent + 1)]}.{padded[(exponent + 1)..]}";
    }
}
