using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels;

/// <summary>
/// The float dot product of <c>docs/arithmetic.md</c>: sixteen lanes, each a chain of fused multiply-adds over every sixteenth element, folded
/// in halves. All levels give the same bits, one product at a time or sixteen.
/// </summary>
internal static unsafe class FloatDot
{
    /// <summary>Lanes of the law.</summary>
    public const int Lanes = 16;

    /// <summary>The dot product of two vectors.</summary>
    /// <param name="level">Instructions to use.</param>
    /// <param name="w">Float32 [n].</param>
    /// <param name="x">Float32 [n].</param>
    /// <param name="n">Length, 0 or more.</param>
    public static float Dot(SimdLevel level, float* w, float* x, int n) => level switch
    {
        SimdLevel.Avx512 or SimdLevel.Avx512Vnni => Avx512FloatTile.Dot(w, x, n),
        SimdLevel.AvxVnni or SimdLevel.Avx2 => Avx2FloatTile.Dot(w, x, n),
        _ => ScalarFloatTile.Dot(w, x, n),
    };

    /// <summary>The last two steps of the fold for four products: <c>(v[0] + v[2]) + (v[1] + v[3])</c> of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> Fold(Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d)
    {
        Vector128<float> ab = Sse.UnpackLow(a, b) + Sse.UnpackHigh(a, b);
        Vector128<float> cd = Sse.UnpackLow(c, d) + Sse.UnpackHigh(c, d);
        return Sse.MoveLowToHigh(ab, cd) + Sse.MoveHighToLow(cd, ab);
    }
}
