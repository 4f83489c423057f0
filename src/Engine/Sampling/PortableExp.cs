using System.Runtime.Intrinsics;

namespace LocalLlm.Engine.Sampling;

/// <summary>
/// exp(x) in float64 from additions and multiplications alone. <see cref="Math.Exp"/> is the C library's and differs between systems in the last bit,
/// which would be enough to turn one draw in 10^15 into another token; this one is the same everywhere and in every lane, within 2 ulp of the true value.
/// (No fused multiply-add: a processor without it would have to emulate it.)
/// </summary>
internal static class PortableExp
{
    private const double Log2E = 1.4426950408889634;

    // ln 2 in two parts: the first has 21 trailing zero bits, so that k * Ln2High is exact for every |k| <= 2^11.
    private const double Ln2High = 6.93147180369123816490e-01;
    private const double Ln2Low = 1.90821492927058770002e-10;

    // Added to a number of at most 2^51, it leaves the number's integer in the low bits of the sum.
    private const double IntegerBits = 3L << 51;

    /// <summary>exp(x) for x at most 700; 0 below -708, where the result would leave the normal numbers. Not for NaN.</summary>
    public static double Of(double x) => Of(Vector256.Create(x)).ToScalar();

    /// <summary>exp of four numbers.</summary>
    public static Vector256<double> Of(Vector256<double> x)
    {
        Vector256<double> k = Vector256.Round(x * Log2E);
        Vector256<double> r = x - (k * Ln2High) - (k * Ln2Low); // |r| <= ln(2) / 2

        // Taylor's series to r^13 / 13!: the first term left out is below 0.3466^14 / 14! = 4e-18, under a quarter ulp of 1.
        Vector256<double> p = Vector256.Create(1.0 / 6227020800);
        p = (p * r) + Vector256.Create(1.0 / 479001600);
        p = (p * r) + Vector256.Create(1.0 / 39916800);
        p = (p * r) + Vector256.Create(1.0 / 3628800);
        p = (p * r) + Vector256.Create(1.0 / 362880);
        p = (p * r) + Vector256.Create(1.0 / 40320);
        p = (p * r) + Vector256.Create(1.0 / 5040);
        p = (p * r) + Vector256.Create(1.0 / 720);
        p = (p * r) + Vector256.Create(1.0 / 120);
        p = (p * r) + Vector256.Create(1.0 / 24);
        p = (p * r) + Vector256.Create(1.0 / 6);
        p = (p * r) + Vector256.Create(0.5);
        p = (p * r) + Vector256.Create(1.0);
        p = (p * r) + Vector256.Create(1.0);

        // 2^k: k is in -1021..1010, a normal number whose exponent field is k + 1023.
        Vector256<long> exponent = (k + Vector256.Create(IntegerBits)).AsInt64() + Vector256.Create(1023L);
        Vector256<double> result = p * (exponent << 52).AsDouble();
        return Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256.Create(-708.0)), Vector256<double>.Zero, result);
    }
}
