using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>One vector is the sixteen lanes of a product.</summary>
internal readonly unsafe struct Avx512FloatTile : IFloatTile
{
    private const int Lanes = FloatDot.Lanes;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static float Dot(float* w, float* x, int n)
    {
        float* remainders = stackalloc float[2 * Lanes];
        Vector512<float> lanes = Vector512<float>.Zero;
        for (int k = 0, whole = n & -Lanes; k < n; k += Lanes)
        {
            if (k == whole)
            {
                w = FloatDot.Remainder(w, k, n, 0f, remainders);
                x = FloatDot.Remainder(x, k, n, -0f, remainders + Lanes);
            }
            lanes = Avx512F.FusedMultiplyAdd(Vector512.Load(w + k), Vector512.Load(x + k), lanes);
        }
        Vector128<float> four = FoldToFour(lanes);
        return FloatDot.Fold(four, four, four, four).ToScalar();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Rows(FourVectors w, float* x, int n, float* dots)
    {
        float* remainders = stackalloc float[5 * Lanes];
        Vector512<float> p0 = Vector512<float>.Zero, p1 = p0, p2 = p0, p3 = p0;
        for (int k = 0, whole = n & -Lanes; k < n; k += Lanes)
        {
            if (k == whole)
            {
                w = w.Remainder(k, n, 0f, remainders);
                x = FloatDot.Remainder(x, k, n, -0f, remainders + 4 * Lanes);
            }
            Vector512<float> token = Vector512.Load(x + k);
            p0 = Avx512F.FusedMultiplyAdd(Vector512.Load(w.V0 + k), token, p0);
            p1 = Avx512F.FusedMultiplyAdd(Vector512.Load(w.V1 + k), token, p1);
            p2 = Avx512F.FusedMultiplyAdd(Vector512.Load(w.V2 + k), token, p2);
            p3 = Avx512F.FusedMultiplyAdd(Vector512.Load(w.V3 + k), token, p3);
        }
        Fold(p0, p1, p2, p3).Store(dots);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Tile(FourVectors w, FourVectors x, int n, float* dots)
    {
        float* remainders = stackalloc float[8 * Lanes];
        Vector512<float> zero = Vector512<float>.Zero;
        Vector512<float> p00 = zero, p01 = zero, p02 = zero, p03 = zero, p10 = zero, p11 = zero, p12 = zero, p13 = zero;
        Vector512<float> p20 = zero, p21 = zero, p22 = zero, p23 = zero, p30 = zero, p31 = zero, p32 = zero, p33 = zero;
        for (int k = 0, whole = n & -Lanes; k < n; k += Lanes)
        {
            if (k == whole)
            {
                w = w.Remainder(k, n, 0f, remainders);
                x = x.Remainder(k, n, -0f, remainders + 4 * Lanes);
            }
            Vector512<float> w0 = Vector512.Load(w.V0 + k), w1 = Vector512.Load(w.V1 + k), w2 = Vector512.Load(w.V2 + k), w3 = Vector512.Load(w.V3 + k);
            Step(x.V0 + k, w0, w1, w2, w3, ref p00, ref p01, ref p02, ref p03);
            Step(x.V1 + k, w0, w1, w2, w3, ref p10, ref p11, ref p12, ref p13);
            Step(x.V2 + k, w0, w1, w2, w3, ref p20, ref p21, ref p22, ref p23);
            Step(x.V3 + k, w0, w1, w2, w3, ref p30, ref p31, ref p32, ref p33);
        }
        Fold(p00, p01, p02, p03).Store(dots);
        Fold(p10, p11, p12, p13).Store(dots + 4);
        Fold(p20, p21, p22, p23).Store(dots + 8);
        Fold(p30, p31, p32, p33).Store(dots + 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(
        float* x, Vector512<float> w0, Vector512<float> w1, Vector512<float> w2, Vector512<float> w3,
        ref Vector512<float> p0, ref Vector512<float> p1, ref Vector512<float> p2, ref Vector512<float> p3)
    {
        Vector512<float> token = Vector512.Load(x);
        p0 = Avx512F.FusedMultiplyAdd(w0, token, p0);
        p1 = Avx512F.FusedMultiplyAdd(w1, token, p1);
        p2 = Avx512F.FusedMultiplyAdd(w2, token, p2);
        p3 = Avx512F.FusedMultiplyAdd(w3, token, p3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> FoldToFour(Vector512<float> lanes)
    {
        Vector256<float> eight = lanes.GetLower() + lanes.GetUpper();
        return eight.GetLower() + eight.GetUpper();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Fold(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d) =>
        FloatDot.Fold(FoldToFour(a), FoldToFour(b), FoldToFour(c), FoldToFour(d));
}
