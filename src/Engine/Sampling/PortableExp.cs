namespace LocalLlm.Engine.Sampling;

/// <summary>
/// exp(x) in float64 from additions and multiplications alone. <see cref="Math.Exp"/> is the C library's and differs between systems in the last bit,
/// which would be enough to turn one draw in 10^15 into another token; this one is the same everywhere, within 2 ulp of the true value.
/// </summary>
internal static class PortableExp
{
    private const double Log2E = 1.4426950408889634;

    // ln 2 in two parts: the first has 21 trailing zero bits, so that k * Ln2High is exact for every |k| <= 2^11.
    private const double Ln2High = 6.93147180369123816490e-01;
    private const double Ln2Low = 1.90821492927058770002e-10;

    /// <summary>exp(x) for x at most 700; 0 below -708, where the result would leave the normal numbers. Not for NaN.</summary>
    public static double Of(double x)
    {
        if (x < -708)
        {
            return 0;
        }
        double k = Math.Round(x * Log2E);
        double r = x - (k * Ln2High) - (k * Ln2Low); // |r| <= ln(2) / 2

        // Taylor's series to r^13 / 13!: the first term left out is below 0.3466^14 / 14! = 4e-18, under a quarter ulp of 1.
        double p = 1.0 / 6227020800;
        p = (p * r) + (1.0 / 479001600);
        p = (p * r) + (1.0 / 39916800);
        p = (p * r) + (1.0 / 3628800);
        p = (p * r) + (1.0 / 362880);
        p = (p * r) + (1.0 / 40320);
        p = (p * r) + (1.0 / 5040);
        p = (p * r) + (1.0 / 720);
        p = (p * r) + (1.0 / 120);
        p = (p * r) + (1.0 / 24);
        p = (p * r) + (1.0 / 6);
        p = (p * r) + 0.5;
        p = (p * r) + 1;
        p = (p * r) + 1;

        // 2^k: k is in -1021..1010, a normal number whose exponent field is k + 1023.
        return p * BitConverter.Int64BitsToDouble(((long)k + 1023) << 52);
    }
}
