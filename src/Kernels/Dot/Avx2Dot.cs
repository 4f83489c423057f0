using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>Steps that the 256-bit loops share: from bytes to exact sums. A vector is two blocks, one in each 128-bit lane.</summary>
internal static unsafe class Avx2Dot
{
    // The bytes 0 and 1, four times: the first word of a lane.
    private const ulong FirstWord = 0x0100_0100_0100_0100, NextWord = 0x0202_0202_0202_0202;

    /// <summary>Sums of products of two blocks, four int32 to each block, whose sum is the block's I.</summary>
    /// <param name="first">Quants of the first halves.</param>
    /// <param name="second">Quants of the second halves.</param>
    /// <param name="xFirst">Activations of the first halves.</param>
    /// <param name="xSecond">Activations of the second halves.</param>
    /// <param name="firstScales">Integer scale of each first half, in all words of its lane.</param>
    /// <param name="secondScales">Integer scale of each second half.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Sums<TFormat, TByteDot>(
        Vector256<byte> first, Vector256<byte> second, Vector256<sbyte> xFirst, Vector256<sbyte> xSecond, Vector256<short> firstScales, Vector256<short> secondScales)
        where TFormat : struct, IDotFormat
        where TByteDot : struct, IByteDot
    {
        if (TFormat.IsSigned)
        {
            // One factor must be unsigned: |q| * (x with the sign of q). -128 becomes 128.
            xFirst = Avx2.Sign(xFirst, first.AsSByte());
            xSecond = Avx2.Sign(xSecond, second.AsSByte());
            first = Avx2.Abs(first.AsSByte());
            second = Avx2.Abs(second.AsSByte());
        }
        return TFormat.HasHalfScales
            ? TByteDot.ScaledSums(first, second, xFirst, xSecond, firstScales, secondScales)
            : TByteDot.Sums<TFormat>(first, second, xFirst, xSecond);
    }

    /// <summary>Spreads the integer scales of two neighbouring blocks' halves over the words of their lanes.</summary>
    /// <param name="scales">[4 blocks, 2].</param>
    /// <param name="pair">0 for blocks 0 and 1, 1 for blocks 2 and 3.</param>
    /// <param name="first">Scales of the first halves.</param>
    /// <param name="second">Scales of the second halves.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void HalfScales<TFormat>(Vector128<short> scales, int pair, out Vector256<short> first, out Vector256<short> second)
        where TFormat : struct, IDotFormat
    {
        first = second = default;
        if (TFormat.HasHalfScales)
        {
            Vector256<byte> all = Vector256.Create(scales, scales).AsByte();
            ulong word = FirstWord + (ulong)pair * 4 * NextWord;
            first = Avx2.Shuffle(all, Vector256.Create(word, word, word + 2 * NextWord, word + 2 * NextWord).AsByte()).AsInt16();
            second = Avx2.Shuffle(all, Vector256.Create(word + NextWord, word + NextWord, word + 3 * NextWord, word + 3 * NextWord).AsByte()).AsInt16();
        }
    }

    /// <summary>Adds up what belongs together: from four results of <see cref="Sums"/> to the I of [2 blocks, 4 of them].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Transpose(Vector256<int> i0, Vector256<int> i1, Vector256<int> i2, Vector256<int> i3) =>
        Avx.ConvertToVector256Single(Avx2.HorizontalAdd(Avx2.HorizontalAdd(i0, i1), Avx2.HorizontalAdd(i2, i3)));

    /// <summary>From factors of [2 blocks, 4 rows or tokens], those of one of the four, in all elements of a block's lane.</summary>
    /// <param name="factors">Float32 [8].</param>
    /// <param name="which">0 to 3, in all elements.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Pick(float* factors, Vector256<int> which) => Avx.PermuteVar(Vector256.Load(factors), which);

    /// <summary>Four dot products of their partial sums: <c>(p[0] + p[2]) + (p[1] + p[3])</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Fold(Vector256<float> p01, Vector256<float> p23)
    {
        Vector256<float> halves = p01 + p23;
        return halves.GetLower() + halves.GetUpper();
    }
}
