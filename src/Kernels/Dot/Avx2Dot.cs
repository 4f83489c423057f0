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
    /// <param name="xSums">Sums of the activations' half blocks, from <see cref="Spread"/>; not read in formats without offset.</param>
    /// <param name="halfScales">Integer scales of the half blocks [4 blocks, 2]; not read in formats without.</param>
    /// <param name="pair">0 for blocks 0 and 1 of a group, 1 for blocks 2 and 3.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Sums<TFormat, TByteDot>(
        Vector256<byte> first, Vector256<byte> second, Vector256<sbyte> xFirst, Vector256<sbyte> xSecond, Vector256<short> xSums, Vector128<short> halfScales, int pair)
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
        HalfScales<TFormat>(halfScales, pair, out Vector256<short> firstScales, out Vector256<short> secondScales);
        Vector256<int> sums = TFormat.HasHalfScales
            ? TByteDot.ScaledSums(first, second, xFirst, xSecond, firstScales, secondScales)
            : TByteDot.Sums<TFormat>(first, second, xFirst, xSecond);
        return TFormat.Offset == 0 ? sums : sums - OffsetSums<TFormat>(xSums, halfScales, pair);
    }

    /// <summary>Spreads the sums of two neighbouring blocks' halves over their lanes: one in the first word of each half lane, zeros beside.</summary>
    /// <param name="halfSums">Int16 [2 blocks, 2].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> Spread(short* halfSums) => Avx2.ConvertToVector256Int64((ushort*)halfSums).AsInt16();

    /// <summary>What the offset of the quants adds to the sums: offset times half scales times sums of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> OffsetSums<TFormat>(Vector256<short> halfSums, Vector128<short> halfScales, int pair)
        where TFormat : struct, IDotFormat
    {
        Vector256<short> factors = Vector256.Create((ulong)TFormat.Offset).AsInt16();
        if (TFormat.HasHalfScales)
        {
            // Offset * scale is at most 32 * 128, a half sum 16 * 127: their product is exact, and alone in its pair.
            Vector128<ushort> scaled = (halfScales * (short)TFormat.Offset).AsUInt16();
            factors = Avx2.ConvertToVector256Int64(pair == 0 ? scaled : Sse2.ShiftRightLogical128BitLane(scaled, 8)).AsInt16();
        }
        return Avx2.MultiplyAddAdjacent(halfSums, factors);
    }

    /// <summary>Spreads the integer scales of two neighbouring blocks' halves over the words of their lanes.</summary>
    /// <param name="scales">[4 blocks, 2].</param>
    /// <param name="pair">0 for blocks 0 and 1, 1 for blocks 2 and 3.</param>
    /// <param name="first">Scales of the first halves.</param>
    /// <param name="second">Scales of the second halves.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void HalfScales<TFormat>(Vector128<short> scales, int pair, out Vector256<short> first, out Vector256<short> second)
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
