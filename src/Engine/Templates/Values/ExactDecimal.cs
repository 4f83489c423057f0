using System.Globalization;
using System.Numerics;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>
/// Decimal rounding of floats by their exact value, ties to the even digit, as Python does. (.NET's own formatting rounds ties away from
/// zero: 0.125 to two digits is 0.13 there and 0.12 here.)
/// </summary>
internal static class ExactDecimal
{
    /// <summary>Digits behind the point that may be asked for; a float has at most 1,074.</summary>
    public const int MaxPrecision = 1100;

    /// <summary>|value| * 10^power, rounded to an integer.</summary>
    /// <param name="value">A finite float.</param>
    /// <param name="power">Between -<see cref="MaxPrecision"/> and <see cref="MaxPrecision"/>.</param>
    public static BigInteger Scale(double value, int power)
    {
        if (Math.Abs(power) > MaxPrecision)
        {
            throw new TemplateError($"a precision is at most {MaxPrecision} digits");
        }

        // A double is mantissa * 2^exponent; both powers go to the side where they are integers.
        long bits = BitConverter.DoubleToInt64Bits(Math.Abs(value));
        int exponent = (int)(bits >> 52);
        long mantissa = exponent == 0 ? bits : (bits & 0xFFFFFFFFFFFFF) | 0x10000000000000;
        exponent = Math.Max(exponent, 1) - 1075;
        BigInteger numerator = mantissa * BigInteger.Pow(10, Math.Max(power, 0));
        BigInteger denominator = BigInteger.Pow(10, Math.Max(-power, 0));
        numerator <<= Math.Max(exponent, 0);
        denominator <<= Math.Max(-exponent, 0);
        return DivideToEven(numerator, denominator);
    }

    /// <summary>A float rounded to so many digits behind the point (before it, if negative).</summary>
    public static object Round(double value, int digits)
    {
        // Beyond these a double has no digits to lose, or none left.
        if (!double.IsFinite(value) || digits > 323)
        {
            return value;
        }
        if (digits < -308)
        {
            return Math.CopySign(0, value);
        }
        string text = string.Create(CultureInfo.InvariantCulture, $"{Scale(value, digits)}e{-digits}");
        return Math.CopySign(double.Parse(text, CultureInfo.InvariantCulture), value);
    }

    /// <summary>An integer rounded to a power of ten, if digits is negative; else itself.</summary>
    public static object Round(BigInteger value, int digits)
    {
        if (digits >= 0)
        {
            return Numbers.Normalize(value);
        }
        if (digits < -Numbers.MaxDigits - 1000)
        {
            return 0L;
        }
        BigInteger unit = BigInteger.Pow(10, -digits);
        return Numbers.Normalize(value.Sign * DivideToEven(BigInteger.Abs(value), unit) * unit);
    }

    /// <summary>The exponent e of a positive float with value = d.ddd * 10^e.</summary>
    public static int Exponent(double value)
    {
        int guess = (int)Math.Floor(Math.Log10(value));

        // The logarithm is rounded: correct it by comparing exactly with the powers beside it.
        if (Scale(value, -guess - 1 + 17) >= BigInteger.Pow(10, 17))
        {
            return guess + 1;
        }
        return Scale(value, -guess + 17) < BigInteger.Pow(10, 17) ? guess - 1 : guess;
    }

    private static BigInteger DivideToEven(BigInteger numerator, BigInteger denominator)
    {
        BigInteger quotient = BigInteger.DivRem(numerator, denominator, out BigInteger remainder);
        int half = (remainder * 2).CompareTo(denominator);
        return half > 0 || (half == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }
}
