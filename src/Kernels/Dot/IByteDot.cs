using System.Runtime.Intrinsics;

namespace LocalLlm.Kernels.Dot;

/// <summary>Multiplication of unsigned by signed bytes in 256 bits: where <see cref="SimdLevel.Avx2"/> and <see cref="SimdLevel.AvxVnni"/> differ.</summary>
internal interface IByteDot
{
    /// <summary>Sums of products of one half of a block each, four int32 to each block.</summary>
    /// <param name="first">First halves, magnitudes.</param>
    /// <param name="second">Second halves, magnitudes.</param>
    /// <param name="xFirst">Activations of the first halves.</param>
    /// <param name="xSecond">Activations of the second halves.</param>
    static abstract Vector256<int> Sums<TFormat>(Vector256<byte> first, Vector256<byte> second, Vector256<sbyte> xFirst, Vector256<sbyte> xSecond)
        where TFormat : struct, IDotFormat;

    /// <summary>The same, with each half's sum multiplied by an integer scale; quants are at most 63.</summary>
    /// <param name="first">First halves, magnitudes.</param>
    /// <param name="second">Second halves, magnitudes.</param>
    /// <param name="xFirst">Activations of the first halves.</param>
    /// <param name="xSecond">Activations of the second halves.</param>
    /// <param name="firstScales">Scale of each first half, in all words of its lane.</param>
    /// <param name="secondScales">Scale of each second half.</param>
    static abstract Vector256<int> ScaledSums(
        Vector256<byte> first, Vector256<byte> second, Vector256<sbyte> xFirst, Vector256<sbyte> xSecond, Vector256<short> firstScales, Vector256<short> secondScales);
}
