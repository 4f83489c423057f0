using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>Steps that the 512-bit loops share: from bytes to exact sums, block j in 128-bit lane j.</summary>
internal static unsafe class Avx512Dot
{
    // The number 1 in each of four words.
    private const ulong Word = 0x0001_0001_0001_0001;

    /// <summary>
    /// Sums of products of one group, four int32 to each block, whose sum is the block's I.
    /// </summary>
    /// <remarks>
    /// The byte multiply adds two products into an int16: at most 2 * 128 * 127 = 32,512 for Q8_0, so nothing saturates (activations are never
    /// -128). Where four such products fit too (quants up to 63: 4 * 63 * 127 = 32,004), the two halves are added before widening.
    /// </remarks>
    /// <param name="first">Magnitudes of the first halves.</param>
    /// <param name="second">Magnitudes of the second halves.</param>
    /// <param name="xFirst">Activations of the first halves, signs of the weights applied.</param>
    /// <param name="xSecond">Activations of the second halves, signs of the weights applied.</param>
    /// <param name="firstScales">Integer scale of each first half, in all words of its lane.</param>
    /// <param name="secondScales">Integer scale of each second half.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Sums<TFormat>(
        Vector512<byte> first, Vector512<byte> second, Vector512<sbyte> xFirst, Vector512<sbyte> xSecond, Vector512<short> firstScales, Vector512<short> secondScales)
        where TFormat : struct, IDotFormat
    {
        Vector512<short> a = Avx512BW.MultiplyAddAdjacent(first, xFirst), b = Avx512BW.MultiplyAddAdjacent(second, xSecond);
        if (TFormat.HasHalfScales)
        {
            return Avx512BW.MultiplyAddAdjacent(a, firstScales) + Avx512BW.MultiplyAddAdjacent(b, secondScales);
        }
        Vector512<short> ones = Vector512<short>.One;
        return 4 * TFormat.LargestQuant * 127 <= short.MaxValue
            ? Avx512BW.MultiplyAddAdjacent(a + b, ones)
            : Avx512BW.MultiplyAddAdjacent(a, ones) + Avx512BW.MultiplyAddAdjacent(b, ones);
    }

    /// <summary>Absolute values of quants; -128 becomes 128, as the byte multiply takes them unsigned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Magnitude<TFormat>(Vector512<byte> quants)
        where TFormat : struct, IDotFormat
        => TFormat.IsSigned ? Avx512BW.Abs(quants.AsSByte()) : quants;

    /// <summary>Activations, negated where the quant is negative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<sbyte> ApplySign<TFormat>(Vector512<sbyte> x, Vector512<byte> quants)
        where TFormat : struct, IDotFormat
        => TFormat.IsSigned ? Vector512.ConditionalSelect(Vector512.LessThan(quants.AsSByte(), Vector512<sbyte>.Zero), Vector512<sbyte>.Zero - x, x) : x;

    /// <summary>Spreads the integer scales of a group's half blocks over the words of their lanes.</summary>
    /// <param name="scales">[4 blocks, 2].</param>
    /// <param name="first">Scale of first half j in lane j.</param>
    /// <param name="second">Scale of second half j in lane j.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void HalfScales<TFormat>(Vector128<short> scales, out Vector512<short> first, out Vector512<short> second)
        where TFormat : struct, IDotFormat
    {
        first = second = default;
        if (TFormat.HasHalfScales)
        {
            Vector512<short> all = scales.ToVector256Unsafe().ToVector512Unsafe();
            first = Avx512BW.PermuteVar32x16(all, Vector512.Create(0ul, 0, Word * 2, Word * 2, Word * 4, Word * 4, Word * 6, Word * 6).AsInt16());
            second = Avx512BW.PermuteVar32x16(all, Vector512.Create(Word, Word, Word * 3, Word * 3, Word * 5, Word * 5, Word * 7, Word * 7).AsInt16());
        }
    }

    /// <summary>What the offset of the quants adds to <see cref="Sums"/>, to be subtracted: offset times half scales times sums of activations.</summary>
    /// <param name="halfSums">Sums of the half blocks, from <see cref="Spread"/>.</param>
    /// <param name="halfScales">Integer scales of the half blocks [4 blocks, 2]; not read in formats without.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> OffsetSums<TFormat>(Vector512<short> halfSums, Vector128<short> halfScales)
        where TFormat : struct, IDotFormat
    {
        // Offset * scale is at most 32 * 128, a half sum 16 * 127: their product is exact, and alone in its pair.
        Vector512<short> factors = TFormat.HasHalfScales
            ? Avx512F.ConvertToVector512UInt64((halfScales * (short)TFormat.Offset).AsUInt16()).AsInt16()
            : Vector512.Create((ulong)TFormat.Offset).AsInt16();
        return Avx512BW.MultiplyAddAdjacent(halfSums, factors);
    }

    /// <summary>Spreads the sums of a group's half blocks over the lanes: those of block j in lane j, one in the first word of each half lane, zeros beside.</summary>
    /// <param name="halfSums">Int16 [4 blocks, 2].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Spread(short* halfSums) => Avx512F.ConvertToVector512UInt64(Vector128.Load((ushort*)halfSums)).AsInt16();

    /// <summary>Adds up what belongs together: from four results of <see cref="Sums"/> to the I of [4 blocks, 4 of them].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Transpose(Vector512<int> i0, Vector512<int> i1, Vector512<int> i2, Vector512<int> i3)
    {
        Vector512<long> i01 = (Avx512F.UnpackLow(i0, i1) + Avx512F.UnpackHigh(i0, i1)).AsInt64();
        Vector512<long> i23 = (Avx512F.UnpackLow(i2, i3) + Avx512F.UnpackHigh(i2, i3)).AsInt64();
        Vector512<int> sums = Avx512F.UnpackLow(i01, i23).AsInt32() + Avx512F.UnpackHigh(i01, i23).AsInt32();
        return Avx512F.ConvertToVector512Single(sums);
    }

    /// <summary>From factors of [4 blocks, 4 rows or tokens], those of one of the four, in all elements of a block's lane.</summary>
    /// <param name="factors">Float32 [16].</param>
    /// <param name="which">0 to 3, in all elements.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Pick(float* factors, Vector512<int> which) => Avx512F.PermuteVar4x32(Vector512.Load(factors), which);

    /// <summary><c>a * b + c</c>, one rounding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Avx512F.FusedMultiplyAdd(a, b, c);

    /// <summary>Four dot products of their partial sums: <c>(p[0] + p[2]) + (p[1] + p[3])</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Fold(Vector512<float> p)
    {
        Vector256<float> halves = p.GetLower() + p.GetUpper();
        return halves.GetLower() + halves.GetUpper();
    }
}
