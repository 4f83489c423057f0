using System.Numerics;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>
/// Python's numbers. An integer is a <see cref="long"/> while it fits and a <see cref="BigInteger"/> beyond, a float is a
/// <see cref="double"/>, and a boolean counts as 0 or 1.
/// </summary>
internal static class Numbers
{
    /// <summary>Bits of the largest integer; Python has no limit, a chat template needs none beyond this.</summary>
    private const long MaxBits = 4096;

    /// <summary>Digits that a number may be written with: so many fit the largest integer, decimal or hexadecimal.</summary>
    public const int MaxDigits = 1000;

    /// <summary>Whether a value is a number (booleans are).</summary>
    public static bool IsNumber(object? value) => value is long or double or bool or BigInteger;

    /// <summary>Whether a value is an integer (booleans are).</summary>
    public static bool IsInteger(object? value) => value is long or bool or BigInteger;

    /// <summary>The integer in its smallest form.</summary>
    public static object Normalize(BigInteger value)
    {
        if (value >= long.MinValue && value <= long.MaxValue)
        {
            return (long)value;
        }
        RequireBits(value.GetBitLength());
        return value;
    }

    /// <summary>The value of an integer.</summary>
    public static BigInteger Big(object value) => value switch
    {
        long number => number,
        bool flag => flag ? BigInteger.One : BigInteger.Zero,
        _ => (BigInteger)value,
    };

    /// <summary>The value of a number as a float.</summary>
    public static double Float(object value)
    {
        double result = value switch
        {
            double number => number,
            long number => number,
            bool flag => flag ? 1 : 0,
            _ => (double)(BigInteger)value,
        };
        if (double.IsInfinity(result) && value is BigInteger)
        {
            throw new TemplateError("an integer is too large to become a float");
        }
        return result;
    }

    /// <summary>a + b</summary>
    public static object Add(object a, object b) =>
        a is double || b is double ? Float(a) + Float(b)
        : TrySmall(a, b, out long x, out long y) ? Shorten((Int128)x + y)
        : Normalize(Big(a) + Big(b));

    /// <summary>a - b</summary>
    public static object Subtract(object a, object b) =>
        a is double || b is double ? Float(a) - Float(b)
        : TrySmall(a, b, out long x, out long y) ? Shorten((Int128)x - y)
        : Normalize(Big(a) - Big(b));

    /// <summary>a * b</summary>
    public static object Multiply(object a, object b)
    {
        if (a is double || b is double)
        {
            return Float(a) * Float(b);
        }
        if (TrySmall(a, b, out long x, out long y))
        {
            return Shorten((Int128)x * y);
        }
        RequireBits(Big(a).GetBitLength() + Big(b).GetBitLength());
        return Normalize(Big(a) * Big(b));
    }

    /// <summary>a / b: always a float.</summary>
    public static object Divide(object a, object b)
    {
        double divisor = Float(b);
        RequireDivisor(divisor);
        return Float(a) / divisor;
    }

    /// <summary>a // b: rounded down.</summary>
    public static object FloorDivide(object a, object b)
    {
        if (a is double || b is double)
        {
            return FloorDivideFloats(Float(a), Float(b)).Quotient;
        }
        BigInteger divisor = Big(b);
        RequireDivisor((double)divisor);
        BigInteger quotient = BigInteger.DivRem(Big(a), divisor, out BigInteger remainder);
        return Normalize(!remainder.IsZero && remainder.Sign != divisor.Sign ? quotient - 1 : quotient);
    }

    /// <summary>a % b: has the sign of b.</summary>
    public static object Modulo(object a, object b)
    {
        if (a is double || b is double)
        {
            return FloorDivideFloats(Float(a), Float(b)).Remainder;
        }
        BigInteger divisor = Big(b);
        RequireDivisor((double)divisor);
        BigInteger remainder = BigInteger.Remainder(Big(a), divisor);
        return Normalize(!remainder.IsZero && remainder.Sign != divisor.Sign ? remainder + divisor : remainder);
    }

    /// <summary>a ** b</summary>
    public static object Power(object a, object b)
    {
        if (a is double || b is double || Big(b).Sign < 0)
        {
            return PowerFloats(Float(a), Float(b));
        }
        BigInteger value = Big(a);
        BigInteger exponent = Big(b);
        if (BigInteger.Abs(value) <= BigInteger.One)
        {
            // 0, 1 and -1 stay small whatever the exponent: only whether that is 0, odd or even matters.
            return Normalize(exponent.IsZero || (value.Sign < 0 && exponent.IsEven) ? BigInteger.One : value);
        }
        RequireBits(exponent > MaxBits ? long.MaxValue : value.GetBitLength() * (long)exponent);
        return Normalize(BigInteger.Pow(value, (int)exponent));
    }

    /// <summary>-a</summary>
    public static object Negate(object a) => a is double number ? -number : Normalize(-Big(a));

    /// <summary>|a|</summary>
    public static object Absolute(object a) => a is double number ? Math.Abs(number) : Normalize(BigInteger.Abs(Big(a)));

    /// <summary>The order of two numbers: negative, 0 or positive; null if one is not a number (NaN).</summary>
    public static int? Compare(object a, object b)
    {
        if (TrySmall(a, b, out long x, out long y))
        {
            return x.CompareTo(y);
        }
        if (a is double || b is double)
        {
            return CompareWithFloat(a, b);
        }
        return Big(a).CompareTo(Big(b));
    }

    /// <summary>Whether two numbers are equal; an integer equals the float of the same value.</summary>
    public static bool AreEqual(object a, object b) => Compare(a, b) == 0;

    /// <summary>A hash that equal numbers share.</summary>
    public static int Hash(object value)
    {
        if (value is double number)
        {
            if (!double.IsInteger(number))
            {
                return HashCode.Combine(number);
            }
            value = Normalize(new BigInteger(number));
        }
        return value is BigInteger big ? HashCode.Combine(big) : HashCode.Combine(value is bool flag ? (flag ? 1L : 0L) : (long)value);
    }

    private static object Shorten(Int128 value) =>
        value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : Normalize((BigInteger)value);

    private static bool TrySmall(object a, object b, out long x, out long y)
    {
        y = 0;
        return TrySmall(a, out x) && TrySmall(b, out y);
    }

    private static bool TrySmall(object value, out long small)
    {
        small = value is long number ? number : value is true ? 1 : 0;
        return value is long or bool;
    }

    private static int? CompareWithFloat(object a, object b)
    {
        if (a is double x && b is double y)
        {
            return double.IsNaN(x) || double.IsNaN(y) ? null : x.CompareTo(y);
        }
        if (a is not double number)
        {
            return -CompareWithFloat(b, a);
        }
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? null : Math.Sign(number);
        }
        double whole = Math.Floor(number);
        int order = new BigInteger(whole).CompareTo(Big(b));
        return order == 0 && number > whole ? 1 : order;
    }

    private static (double Quotient, double Remainder) FloorDivideFloats(double a, double b)
    {
        RequireDivisor(b);
        double remainder = a % b;
        double quotient = (a - remainder) / b;
        if (remainder != 0 && (b < 0) != (remainder < 0))
        {
            remainder += b;
            quotient -= 1;
        }
        else if (remainder == 0)
        {
            remainder = Math.CopySign(0, b);
        }
        double floor = Math.Floor(quotient);
        return (quotient == 0 ? Math.CopySign(0, a / b) : quotient - floor > 0.5 ? floor + 1 : floor, remainder);
    }

    private static double PowerFloats(double a, double b)
    {
        if (a == 0 && b < 0)
        {
            throw new TemplateError("0 can't be raised to a negative power");
        }
        double result = Math.Pow(a, b);
        if (double.IsNaN(result) && !double.IsNaN(a) && !double.IsNaN(b))
        {
            throw new TemplateError("a negative number can't be raised to a fraction");
        }
        return double.IsInfinity(result) && double.IsFinite(a) && double.IsFinite(b) ? throw new TemplateError("the power is too large for a float") : result;
    }

    private static void RequireDivisor(double divisor)
    {
        if (divisor == 0)
        {
            throw new TemplateError("division by zero");
        }
    }

    private static void RequireBits(long bits)
    {
        if (bits > MaxBits)
        {
            throw new TemplateError($"an integer is longer than {MaxBits} bits");
        }
    }
}
