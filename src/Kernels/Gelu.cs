using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>
/// The Gaussian error linear unit (Hendrycks and Gimpel 2016, arXiv:1606.08415) itself, not one of its approximations by tanh or sigmoid:
/// gelu(x) = x * Phi(x) with the normal distribution's Phi(x) = (1 + erf(x / sqrt 2)) / 2.
/// </summary>
internal static class Gelu
{
    // Phi(-|x|) * e^(x^2/2) = t * Q(t) at t = 1 / (1 + Scale * |x|). Q is the polynomial through nine Chebyshev nodes of t for |x| <= 13.5, beyond
    // which the exponential is 0; relative error 6.3e-8, an ulp.
    private const float Scale = 0.26f;
    private const float
        C0 = 0.10377121f,
        C1 = 0.102808289f,
        C2 = 0.104531899f,
        C3 = 0.0450918153f,
        C4 = 0.175052807f,
        C5 = -0.171623409f,
        C6 = 0.269789368f,
        C7 = -0.161791787f,
        C8 = 0.0323698111f;

    /// <summary>gelu(x), lane by lane. Infinities give NaN: no activation of a sound model is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Apply<TLanes>(TLanes x)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        TLanes zero = TLanes.Create(0), one = TLanes.Create(1);
        TLanes size = TLanes.SelectLess(x, zero, -x, x);
        TLanes t = one / TLanes.Fma(TLanes.Create(Scale), size, one);
        TLanes q = TLanes.Fma(TLanes.Create(C8), t, TLanes.Create(C7));
        q = TLanes.Fma(q, t, TLanes.Create(C6));
        q = TLanes.Fma(q, t, TLanes.Create(C5));
        q = TLanes.Fma(q, t, TLanes.Create(C4));
        q = TLanes.Fma(q, t, TLanes.Create(C3));
        q = TLanes.Fma(q, t, TLanes.Create(C2));
        q = TLanes.Fma(q, t, TLanes.Create(C1));
        q = TLanes.Fma(q, t, TLanes.Create(C0));
        TLanes beyond = Exponential.Exp(x * x * TLanes.Create(-0.5f)) * (q * t);
        TLanes part = x * beyond;
        return TLanes.SelectLess(x, zero, part, x - part);
    }
}
