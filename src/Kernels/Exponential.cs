using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>
/// The project's exponential and what is made of it. One text for every width: a library's exp differs between widths and versions, and
/// with it every token would.
/// </summary>
internal static class Exponential
{
    /// <summary>Below this the result is 0: ln(2^-126), so that no result is subnormal.</summary>
    internal const float Lowest = -87.33654f;

    /// <summary>Above this the result is +infinity: just under ln of the largest float32.</summary>
    internal const float Highest = 88.72283f;

    private const float Log2E = 1.44269504f;

    // ln 2 in two parts: the first has 15 bits, so that its product with an integer of 8 bits is exact; the second is the rest.
    private const float Ln2High = 0.693145751953125f;
    private const float Ln2Low = 1.428606765330187e-6f;

    // e^r = 1 + r + c2 r^2 + ... + c6 r^6 on |r| <= ln(2)/2: minimax for the relative error (3.2e-9, a twentieth of an ulp) by the
    // Remez exchange, coefficients rounded to float32 one after the other, the rest fitted again each time.
    private const float C2 = 0.4999999403953552f;
    private const float C3 = 0.16666516661643982f;
    private const float C4 = 0.04166810214519501f;
    private const float C5 = 0.008369192481040955f;
    private const float C6 = 0.0013838898157700896f;

    /// <summary>
    /// e^x, less than 1 ulp from the true value (0.88 measured over all arguments; the law allows 2); 0 below <see cref="Lowest"/>,
    /// +infinity above <see cref="Highest"/>, NaN for NaN; exactly 1 for zeros.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Exp<TLanes>(TLanes x)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        TLanes n = TLanes.RoundToEven(x * TLanes.Create(Log2E));
        TLanes r = TLanes.Fma(n, TLanes.Create(-Ln2High), x);
        r = TLanes.Fma(n, TLanes.Create(-Ln2Low), r);
        TLanes p = TLanes.Fma(TLanes.Create(C6), r, TLanes.Create(C5));
        p = TLanes.Fma(p, r, TLanes.Create(C4));
        p = TLanes.Fma(p, r, TLanes.Create(C3));
        p = TLanes.Fma(p, r, TLanes.Create(C2));
        p = TLanes.Fma(p, r, TLanes.Create(1));
        p = TLanes.Fma(p, r, TLanes.Create(1));
        p = TLanes.ScaleByPowerOfTwo(p, n);
        p = TLanes.SelectLess(x, TLanes.Create(Lowest), TLanes.Create(0), p);
        return TLanes.SelectLess(TLanes.Create(Highest), x, TLanes.Create(float.PositiveInfinity), p);
    }

    /// <summary>e^x of one number; the same bits as every lane of <see cref="Exp{TLanes}"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Exp(float x) => Exp(new ScalarLane(x)).Value;

    /// <summary>silu(x) = x / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Silu<TLanes>(TLanes x)
        where TLanes : unmanaged, IFloatLanes<TLanes> => x / (TLanes.Create(1) + Exp(-x));
}
