using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>One vector is the sixteen lanes of a product.</summary>
/// <remarks>
/// What follows the last whole step is loaded through a mask, completed with +0 on the one side and -0 on the other: the products of the
/// completion are -0, which added changes nothing, not even the sign of a zero. No call may stand where sums are in registers: it would move all
/// of them to the stack, for the whole loop.
/// </remarks>
internal readonly unsafe struct Avx512FloatTile : IFloatTile
{
    private const int Lanes = FloatDot.Lanes;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static float Dot(float* w, float* x, int n)
    {
        Vector512<float> lanes = Vector512<float>.Zero;
        int whole = n & -Lanes;
        for (int k = 0; k < whole; k += Lanes)
        {
            lanes = Avx512F.FusedMultiplyAdd(Vector512.Load(w + k), Vector512.Load(x + k), lanes);
        }
        if (whole < n)
        {
            Vector512<float> mask = Mask(n - whole);
            lanes = Avx512F.FusedMultiplyAdd(Load(w + whole, mask, 0f), Load(x + whole, mask, -0f), lanes);
        }
        Vector128<float> four = FoldToFour(lanes);
        return FloatDot.Fold(four, four, four, four).ToScalar();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Rows(FourVectors w, float* x, int n, float* dots)
    {
        Vector512<float> p0 = Vector512<float>.Zero, p1 = p0, p2 = p0, p3 = p0;
        int whole = n & -Lanes;
        for (int k = 0; k < whole; k += Lanes)
        {
            Step(
                Vector512.Load(w.V0 + k), Vector512.Load(w.V1 + k), Vector512.Load(w.V2 + k), Vector512.Load(w.V3 + k),
                Vector512.Load(x + k), ref p0, ref p1, ref p2, ref p3);
        }
        if (whole < n)
        {
            Vector512<float> mask = Mask(n - whole);
            Step(
                Load(w.V0 + whole, mask, 0f), Load(w.V1 + whole, mask, 0f), Load(w.V2 + whole, mask, 0f), Load(w.V3 + whole, mask, 0f),
                Load(x + whole, mask, -0f), ref p0, ref p1, ref p2, ref p3);
        }
        Fold(p0, p1, p2, p3).Store(dots);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Tile(FourVectors w, FourVectors x, int n, float* dots)
    {
        Vector512<float> zero = Vector512<float>.Zero;
        Vector512<float> p00 = zero, p01 = zero, p02 = zero, p03 = zero, p10 = zero, p11 = zero, p12 = zero, p13 = zero;
        Vector512<float> p20 = zero, p21 = zero, p22 = zero, p23 = zero, p30 = zero, p31 = zero, p32 = zero, p33 = zero;
        int whole = n & -Lanes;
        for (int k = 0; k < whole; k += Lanes)
        {
            Vector512<float> w0 = Vector512.Load(w.V0 + k), w1 = Vector512.Load(w.V1 + k), w2 = Vector512.Load(w.V2 + k), w3 = Vector512.Load(w.V3 + k);
            Step(w0, w1, w2, w3, Vector512.Load(x.V0 + k), ref p00, ref p01, ref p02, ref p03);
            Step(w0, w1, w2, w3, Vector512.Load(x.V1 + k), ref p10, ref p11, ref p12, ref p13);
            Step(w0, w1, w2, w3, Vector512.Load(x.V2 + k), ref p20, ref p21, ref p22, ref p23);
            Step(w0, w1, w2, w3, Vector512.Load(x.V3 + k), ref p30, ref p31, ref p32, ref p33);
        }
        if (whole < n)
        {
            Vector512<float> mask = Mask(n - whole);
            Vector512<float> w0 = Load(w.V0 + whole, mask, 0f), w1 = Load(w.V1 + whole, mask, 0f), w2 = Load(w.V2 + whole, mask, 0f), w3 = Load(w.V3 + whole, mask, 0f);
            Step(w0, w1, w2, w3, Load(x.V0 + whole, mask, -0f), ref p00, ref p01, ref p02, ref p03);
            Step(w0, w1, w2, w3, Load(x.V1 + whole, mask, -0f), ref p10, ref p11, ref p12, ref p13);
            Step(w0, w1, w2, w3, Load(x.V2 + whole, mask, -0f), ref p20, ref p21, ref p22, ref p23);
            Step(w0, w1, w2, w3, Load(x.V3 + whole, mask, -0f), ref p30, ref p31, ref p32, ref p33);
        }
        Fold(p00, p01, p02, p03).Store(dots);
        Fold(p10, p11, p12, p13).Store(dots + 4);
        Fold(p20, p21, p22, p23).Store(dots + 8);
        Fold(p30, p31, p32, p33).Store(dots + 12);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void WideTile(FourVectors w, SixVectors x, int n, float* dots)
    {
        Vector512<float> zero = Vector512<float>.Zero;
        Vector512<float> p00 = zero, p01 = zero, p02 = zero, p03 = zero, p10 = zero, p11 = zero, p12 = zero, p13 = zero;
        Vector512<float> p20 = zero, p21 = zero, p22 = zero, p23 = zero, p30 = zero, p31 = zero, p32 = zero, p33 = zero;
        Vector512<float> p40 = zero, p41 = zero, p42 = zero, p43 = zero, p50 = zero, p51 = zero, p52 = zero, p53 = zero;
        int whole = n & -Lanes;
        for (int k = 0; k < whole; k += Lanes)
        {
            Vector512<float> w0 = Vector512.Load(w.V0 + k), w1 = Vector512.Load(w.V1 + k), w2 = Vector512.Load(w.V2 + k), w3 = Vector512.Load(w.V3 + k);
            Step(w0, w1, w2, w3, Vector512.Load(x.V0 + k), ref p00, ref p01, ref p02, ref p03);
            Step(w0, w1, w2, w3, Vector512.Load(x.V1 + k), ref p10, ref p11, ref p12, ref p13);
            Step(w0, w1, w2, w3, Vector512.Load(x.V2 + k), ref p20, ref p21, ref p22, ref p23);
            Step(w0, w1, w2, w3, Vector512.Load(x.V3 + k), ref p30, ref p31, ref p32, ref p33);
            Step(w0, w1, w2, w3, Vector512.Load(x.V4 + k), ref p40, ref p41, ref p42, ref p43);
            Step(w0, w1, w2, w3, Vector512.Load(x.V5 + k), ref p50, ref p51, ref p52, ref p53);
        }
        if (whole < n)
        {
            Vector512<float> mask = Mask(n - whole);
            Vector512<float> w0 = Load(w.V0 + whole, mask, 0f), w1 = Load(w.V1 + whole, mask, 0f), w2 = Load(w.V2 + whole, mask, 0f), w3 = Load(w.V3 + whole, mask, 0f);
            Step(w0, w1, w2, w3, Load(x.V0 + whole, mask, -0f), ref p00, ref p01, ref p02, ref p03);
            Step(w0, w1, w2, w3, Load(x.V1 + whole, mask, -0f), ref p10, ref p11, ref p12, ref p13);
            Step(w0, w1, w2, w3, Load(x.V2 + whole, mask, -0f), ref p20, ref p21, ref p22, ref p23);
            Step(w0, w1, w2, w3, Load(x.V3 + whole, mask, -0f), ref p30, ref p31, ref p32, ref p33);
            Step(w0, w1, w2, w3, Load(x.V4 + whole, mask, -0f), ref p40, ref p41, ref p42, ref p43);
            Step(w0, w1, w2, w3, Load(x.V5 + whole, mask, -0f), ref p50, ref p51, ref p52, ref p53);
        }
        Fold(p00, p01, p02, p03).Store(dots);
        Fold(p10, p11, p12, p13).Store(dots + 4);
        Fold(p20, p21, p22, p23).Store(dots + 8);
        Fold(p30, p31, p32, p33).Store(dots + 12);
        Fold(p40, p41, p42, p43).Store(dots + 16);
        Fold(p50, p51, p52, p53).Store(dots + 20);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(
        Vector512<float> w0, Vector512<float> w1, Vector512<float> w2, Vector512<float> w3, Vector512<float> x,
        ref Vector512<float> p0, ref Vector512<float> p1, ref Vector512<float> p2, ref Vector512<float> p3)
    {
        p0 = Avx512F.FusedMultiplyAdd(w0, x, p0);
        p1 = Avx512F.FusedMultiplyAdd(w1, x, p1);
        p2 = Avx512F.FusedMultiplyAdd(w2, x, p2);
        p3 = Avx512F.FusedMultiplyAdd(w3, x, p3);
    }

    /// <summary>All bits set in the first <paramref name="count"/> lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Mask(int count) => Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load(float* vector, Vector512<float> mask, float completion) =>
        Avx512F.MaskLoad(vector, mask, Vector512.Create(completion));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> FoldToFour(Vector512<float> lanes)
    {
        Vector256<float> eight = lanes.GetLower() + lanes.GetUpper();
        return eight.GetLower() + eight.GetUpper();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Fold(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d) =>
        Avx512Lanes.Fold4(new(a), new(b), new(c), new(d));
}
