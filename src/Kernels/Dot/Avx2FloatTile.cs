using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>Two vectors are the sixteen lanes of a product: a for 0 to 7, b for 8 to 15. Remainders are loaded as in <see cref="Avx512FloatTile"/>.</summary>
internal readonly unsafe struct Avx2FloatTile : IFloatTile
{
    private const int Lanes = FloatDot.Lanes;

    // Eight lanes of four rows and three tokens.
    private const int HalfSums = 3 * 4 * 8;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static float Dot(float* w, float* x, int n)
    {
        Vector256<float> a = Vector256<float>.Zero, b = a;
        int whole = n & -Lanes;
        for (int k = 0; k < whole; k += Lanes)
        {
            a = Fma.MultiplyAdd(Vector256.Load(w + k), Vector256.Load(x + k), a);
            b = Fma.MultiplyAdd(Vector256.Load(w + k + 8), Vector256.Load(x + k + 8), b);
        }
        if (whole < n)
        {
            Vector256<float> maskA = Mask(n - whole), maskB = Mask(n - whole - 8);
            a = Fma.MultiplyAdd(Avx.MaskLoad(w + whole, maskA), LoadRest(x + whole, maskA), a);
            b = Fma.MultiplyAdd(Avx.MaskLoad(w + whole + 8, maskB), LoadRest(x + whole + 8, maskB), b);
        }
        Vector128<float> four = FoldToFour(a, b);
        return FloatDot.Fold(four, four, four, four).ToScalar();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Rows(FourVectors w, float* x, int n, float* dots)
    {
        Vector256<float> a0 = Vector256<float>.Zero, a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        int whole = n & -Lanes;
        for (int k = 0; k < whole; k += Lanes)
        {
            Vector256<float> xa = Vector256.Load(x + k), xb = Vector256.Load(x + k + 8);
            a0 = Fma.MultiplyAdd(Vector256.Load(w.V0 + k), xa, a0);
            b0 = Fma.MultiplyAdd(Vector256.Load(w.V0 + k + 8), xb, b0);
            a1 = Fma.MultiplyAdd(Vector256.Load(w.V1 + k), xa, a1);
            b1 = Fma.MultiplyAdd(Vector256.Load(w.V1 + k + 8), xb, b1);
            a2 = Fma.MultiplyAdd(Vector256.Load(w.V2 + k), xa, a2);
            b2 = Fma.MultiplyAdd(Vector256.Load(w.V2 + k + 8), xb, b2);
            a3 = Fma.MultiplyAdd(Vector256.Load(w.V3 + k), xa, a3);
            b3 = Fma.MultiplyAdd(Vector256.Load(w.V3 + k + 8), xb, b3);
        }
        if (whole < n)
        {
            Vector256<float> maskA = Mask(n - whole), maskB = Mask(n - whole - 8);
            Vector256<float> xa = LoadRest(x + whole, maskA), xb = LoadRest(x + whole + 8, maskB);
            a0 = Fma.MultiplyAdd(Avx.MaskLoad(w.V0 + whole, maskA), xa, a0);
            b0 = Fma.MultiplyAdd(Avx.MaskLoad(w.V0 + whole + 8, maskB), xb, b0);
            a1 = Fma.MultiplyAdd(Avx.MaskLoad(w.V1 + whole, maskA), xa, a1);
            b1 = Fma.MultiplyAdd(Avx.MaskLoad(w.V1 + whole + 8, maskB), xb, b1);
            a2 = Fma.MultiplyAdd(Avx.MaskLoad(w.V2 + whole, maskA), xa, a2);
            b2 = Fma.MultiplyAdd(Avx.MaskLoad(w.V2 + whole + 8, maskB), xb, b2);
            a3 = Fma.MultiplyAdd(Avx.MaskLoad(w.V3 + whole, maskA), xa, a3);
            b3 = Fma.MultiplyAdd(Avx.MaskLoad(w.V3 + whole + 8, maskB), xb, b3);
        }
        FloatDot.Fold(FoldToFour(a0, b0), FoldToFour(a1, b1), FoldToFour(a2, b2), FoldToFour(a3, b3)).Store(dots);
    }

    /// <inheritdoc/>
    /// <remarks>Sixteen registers hold the lanes of four products at most, so the tokens come one after the other.</remarks>
    public static void Tile(FourVectors w, FourVectors x, int n, float* dots)
    {
        Rows(w, x.V0, n, dots);
        Rows(w, x.V1, n, dots + 4);
        Rows(w, x.V2, n, dots + 8);
        Rows(w, x.V3, n, dots + 12);
    }

    /// <inheritdoc/>
    /// <remarks>Three tokens at a time, and of the sixteen lanes first one half and then the other: twelve sums leave registers for what is loaded.</remarks>
    public static void WideTile(FourVectors w, SixVectors x, int n, float* dots)
    {
        ThreeTokens(w, x.V0, x.V1, x.V2, n, dots);
        ThreeTokens(w, x.V3, x.V4, x.V5, n, dots + 12);
    }

    private static void ThreeTokens(FourVectors w, float* x0, float* x1, float* x2, int n, float* dots)
    {
        float* a = stackalloc float[2 * HalfSums], b = a + HalfSums;
        Half(w, x0, x1, x2, 0, n, a);
        Half(w, x0, x1, x2, 8, n, b);
        for (int token = 0; token < 3; token++, a += 32, b += 32, dots += 4)
        {
            FloatDot.Fold(
                FoldToFour(Vector256.Load(a), Vector256.Load(b)), FoldToFour(Vector256.Load(a + 8), Vector256.Load(b + 8)),
                FoldToFour(Vector256.Load(a + 16), Vector256.Load(b + 16)), FoldToFour(Vector256.Load(a + 24), Vector256.Load(b + 24))).Store(dots);
        }
    }

    /// <summary>Eight of the sixteen lanes, for four rows and three tokens.</summary>
    /// <param name="w">The rows [4, n].</param>
    /// <param name="x0">A token [n].</param>
    /// <param name="x1">Another.</param>
    /// <param name="x2">Another.</param>
    /// <param name="first">First of the lanes: 0 or 8.</param>
    /// <param name="n">Length.</param>
    /// <param name="sums">The lanes [3 tokens, 4 rows, 8].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Half(FourVectors w, float* x0, float* x1, float* x2, int first, int n, float* sums)
    {
        Vector256<float> p00 = Vector256<float>.Zero, p01 = p00, p02 = p00, p03 = p00, p10 = p00, p11 = p00, p12 = p00, p13 = p00, p20 = p00, p21 = p00, p22 = p00, p23 = p00;
        int whole = n & -Lanes;
        for (int k = first; k < whole; k += Lanes)
        {
            Vector256<float> t0 = Vector256.Load(x0 + k), t1 = Vector256.Load(x1 + k), t2 = Vector256.Load(x2 + k);
            Step(Vector256.Load(w.V0 + k), t0, t1, t2, ref p00, ref p10, ref p20);
            Step(Vector256.Load(w.V1 + k), t0, t1, t2, ref p01, ref p11, ref p21);
            Step(Vector256.Load(w.V2 + k), t0, t1, t2, ref p02, ref p12, ref p22);
            Step(Vector256.Load(w.V3 + k), t0, t1, t2, ref p03, ref p13, ref p23);
        }
        if (whole < n)
        {
            int k = whole + first;
            Vector256<float> mask = Mask(n - k);
            Vector256<float> t0 = LoadRest(x0 + k, mask), t1 = LoadRest(x1 + k, mask), t2 = LoadRest(x2 + k, mask);
            Step(Avx.MaskLoad(w.V0 + k, mask), t0, t1, t2, ref p00, ref p10, ref p20);
            Step(Avx.MaskLoad(w.V1 + k, mask), t0, t1, t2, ref p01, ref p11, ref p21);
            Step(Avx.MaskLoad(w.V2 + k, mask), t0, t1, t2, ref p02, ref p12, ref p22);
            Step(Avx.MaskLoad(w.V3 + k, mask), t0, t1, t2, ref p03, ref p13, ref p23);
        }
        p00.Store(sums);
        p01.Store(sums + 8);
        p02.Store(sums + 16);
        p03.Store(sums + 24);
        p10.Store(sums + 32);
        p11.Store(sums + 40);
        p12.Store(sums + 48);
        p13.Store(sums + 56);
        p20.Store(sums + 64);
        p21.Store(sums + 72);
        p22.Store(sums + 80);
        p23.Store(sums + 88);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(
        Vector256<float> w, Vector256<float> x0, Vector256<float> x1, Vector256<float> x2, ref Vector256<float> p0, ref Vector256<float> p1, ref Vector256<float> p2)
    {
        p0 = Fma.MultiplyAdd(w, x0, p0);
        p1 = Fma.MultiplyAdd(w, x1, p1);
        p2 = Fma.MultiplyAdd(w, x2, p2);
    }

    /// <summary>All bits set in the first <paramref name="count"/> lanes; in none if it is negative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Mask(int count) => Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();

    /// <summary>Activations under a mask, -0 beside it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> LoadRest(float* x, Vector256<float> mask) =>
        Avx.Or(Avx.MaskLoad(x, mask), Avx.AndNot(mask, Vector256.Create(-0f)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> FoldToFour(Vector256<float> a, Vector256<float> b)
    {
        Vector256<float> eight = a + b;
        return eight.GetLower() + eight.GetUpper();
    }
}
