using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>Two vectors are the sixteen lanes of a product: a for 0 to 7, b for 8 to 15. Remainders are loaded as in <see cref="Avx512FloatTile"/>.</summary>
internal readonly unsafe struct Avx2FloatTile : IFloatTile
{
    private const int Lanes = FloatDot.Lanes;

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
