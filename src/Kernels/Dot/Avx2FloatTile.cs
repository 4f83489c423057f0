using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>Two vectors are the sixteen lanes of a product: a for 0 to 7, b for 8 to 15.</summary>
internal readonly unsafe struct Avx2FloatTile : IFloatTile
{
    private const int Lanes = FloatDot.Lanes;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static float Dot(float* w, float* x, int n)
    {
        float* remainders = stackalloc float[2 * Lanes];
        Vector256<float> a = Vector256<float>.Zero, b = a;
        for (int k = 0, whole = n & -Lanes; k < n; k += Lanes)
        {
            if (k == whole)
            {
                w = FloatDot.Remainder(w, k, n, 0f, remainders);
                x = FloatDot.Remainder(x, k, n, -0f, remainders + Lanes);
            }
            Step(w + k, Vector256.Load(x + k), Vector256.Load(x + k + 8), ref a, ref b);
        }
        Vector128<float> four = FoldToFour(a, b);
        return FloatDot.Fold(four, four, four, four).ToScalar();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Rows(FourVectors w, float* x, int n, float* dots)
    {
        float* remainders = stackalloc float[5 * Lanes];
        Vector256<float> a0 = Vector256<float>.Zero, a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        for (int k = 0, whole = n & -Lanes; k < n; k += Lanes)
        {
            if (k == whole)
            {
                w = w.Remainder(k, n, 0f, remainders);
                x = FloatDot.Remainder(x, k, n, -0f, remainders + 4 * Lanes);
            }
            Vector256<float> xa = Vector256.Load(x + k), xb = Vector256.Load(x + k + 8);
            Step(w.V0 + k, xa, xb, ref a0, ref b0);
            Step(w.V1 + k, xa, xb, ref a1, ref b1);
            Step(w.V2 + k, xa, xb, ref a2, ref b2);
            Step(w.V3 + k, xa, xb, ref a3, ref b3);
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(float* w, Vector256<float> xa, Vector256<float> xb, ref Vector256<float> a, ref Vector256<float> b)
    {
        a = Fma.MultiplyAdd(Vector256.Load(w), xa, a);
        b = Fma.MultiplyAdd(Vector256.Load(w + 8), xb, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> FoldToFour(Vector256<float> a, Vector256<float> b)
    {
        Vector256<float> eight = a + b;
        return eight.GetLower() + eight.GetUpper();
    }
}
