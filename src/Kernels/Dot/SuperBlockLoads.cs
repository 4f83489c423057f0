using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LocalLlm.Kernels.Assembled;
using LocalLlm.Quant;

namespace LocalLlm.Kernels.Dot;

/// <summary>
/// Loads that formats with super-blocks of 256 share. A super-block holds two groups, so group <c>g</c> of a row is half <c>g mod 2</c>
/// of super-block <c>g / 2</c>.
/// </summary>
internal static unsafe class SuperBlockLoads
{
    private const byte LowNibbles = 0x0F;

    /// <summary>
    /// Nibbles of two neighbouring blocks of Q4_K or Q5_K, which share 32 bytes: low nibbles are the one block, high nibbles the next.
    /// </summary>
    /// <param name="qs">The 32 bytes.</param>
    /// <param name="first">First halves of both blocks.</param>
    /// <param name="second">Second halves of both blocks.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Nibbles(byte* qs, out Vector256<byte> first, out Vector256<byte> second)
    {
        Vector256<byte> bytes = Vector256.Load(qs);
        Vector256<byte> low = bytes & Vector256.Create(LowNibbles);
        Vector256<byte> high = (bytes.AsUInt16() >>> 4).AsByte() & Vector256.Create(LowNibbles);
        Blocks(low, high, out first, out second);
    }

    /// <summary>Nibbles of four neighbouring blocks of Q4_K or Q5_K.</summary>
    /// <param name="qs">Their 64 bytes.</param>
    /// <param name="first">First halves of the blocks.</param>
    /// <param name="second">Second halves of the blocks.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Nibbles(byte* qs, out Vector512<byte> first, out Vector512<byte> second)
    {
        Vector512<byte> bytes = Vector512.Load(qs);
        Vector512<ulong> low = (bytes & Vector512.Create(LowNibbles)).AsUInt64();                               // block 0, block 2
        Vector512<ulong> high = ((bytes.AsUInt16() >>> 4).AsByte() & Vector512.Create(LowNibbles)).AsUInt64();  // block 1, block 3
        first = Avx512F.PermuteVar8x64x2(low, Vector512.Create(0ul, 1, 8, 9, 4, 5, 12, 13), high).AsByte();
        second = Avx512F.PermuteVar8x64x2(low, Vector512.Create(2ul, 3, 10, 11, 6, 7, 14, 15), high).AsByte();
    }

    /// <summary>Splits two whole blocks into their first and second halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Blocks(Vector256<byte> block0, Vector256<byte> block1, out Vector256<byte> first, out Vector256<byte> second)
    {
        first = Avx2.Permute2x128(block0, block1, 0x20);
        second = Avx2.Permute2x128(block0, block1, 0x31);
    }

    /// <summary>Half-precision numbers of four rows, widened: the four, twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Widen(Half row0, Half row1, Half row2, Half row3)
    {
        ushort h0 = BitConverter.HalfToUInt16Bits(row0), h1 = BitConverter.HalfToUInt16Bits(row1);
        ushort h2 = BitConverter.HalfToUInt16Bits(row2), h3 = BitConverter.HalfToUInt16Bits(row3);
        ulong four = h0 | (ulong)h1 << 16 | (ulong)h2 << 32 | (ulong)h3 << 48;
        return HalfWidening.Widen(Vector128.Create(four).AsUInt16());
    }

    /// <summary>Six-bit scales and minimums of a group of four rows, as bytes [4 blocks, 4 rows].</summary>
    /// <param name="row0">Packed numbers of row 0 [12], see <see cref="SixBitScales"/>.</param>
    /// <param name="row1">Of row 1.</param>
    /// <param name="row2">Of row 2.</param>
    /// <param name="row3">Of row 3.</param>
    /// <param name="group">The group: its parity says which four of the eight.</param>
    /// <param name="scales">The scales.</param>
    /// <param name="minimums">The minimums.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SixBits(byte* row0, byte* row1, byte* row2, byte* row3, int group, out Vector128<byte> scales, out Vector128<byte> minimums)
    {
        Vector128<uint> first = Vector128.Create(*(uint*)row0, *(uint*)row1, *(uint*)row2, *(uint*)row3);
        Vector128<uint> second = Vector128.Create(*(uint*)(row0 + 4), *(uint*)(row1 + 4), *(uint*)(row2 + 4), *(uint*)(row3 + 4));
        if (group % 2 == 0)
        {
            first &= Vector128.Create(0x3F3F3F3Fu);
            second &= Vector128.Create(0x3F3F3F3Fu);
        }
        else
        {
            Vector128<uint> third = Vector128.Create(*(uint*)(row0 + 8), *(uint*)(row1 + 8), *(uint*)(row2 + 8), *(uint*)(row3 + 8));
            first = (third & Vector128.Create(0x0F0F0F0Fu)) | ((first >>> 2) & Vector128.Create(0x30303030u));
            second = ((third >>> 4) & Vector128.Create(0x0F0F0F0Fu)) | ((second >>> 2) & Vector128.Create(0x30303030u));
        }
        // From [4 rows, 4 blocks] to [4 blocks, 4 rows].
        Vector128<byte> transpose = Vector128.Create((byte)0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        scales = Ssse3.Shuffle(first.AsByte(), transpose);
        minimums = Ssse3.Shuffle(second.AsByte(), transpose);
    }

    /// <summary>The product of a scale and the integers that it scales, rounded once: eight of them.</summary>
    /// <param name="d">Scales of four rows, twice.</param>
    /// <param name="numbers">Unsigned bytes in the lower half [2 blocks, 4 rows].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Scale(Vector256<float> d, Vector128<byte> numbers) =>
        d * Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(numbers));

    /// <summary>The product of a scale and the integers that it scales, rounded once: sixteen of them.</summary>
    /// <param name="d">Scales of four rows, four times.</param>
    /// <param name="numbers">Unsigned bytes [4 blocks, 4 rows].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Scale(Vector512<float> d, Vector128<byte> numbers) =>
        d * Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(numbers));

    /// <summary>Two half-precision fields, one after the other, of four rows, widened: each of the two twice.</summary>
    /// <param name="row0">The fields of row 0.</param>
    /// <param name="row1">Of row 1.</param>
    /// <param name="row2">Of row 2.</param>
    /// <param name="row3">Of row 3.</param>
    /// <param name="lower">The first field [2 times, 4 rows].</param>
    /// <param name="upper">The second field [2 times, 4 rows].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pairs(Half* row0, Half* row1, Half* row2, Half* row3, out Vector256<float> lower, out Vector256<float> upper)
    {
        Vector256<float> both = Pairs(row0, row1, row2, row3);
        lower = Avx2.Permute2x128(both.AsInt32(), both.AsInt32(), 0x00).AsSingle();
        upper = Avx2.Permute2x128(both.AsInt32(), both.AsInt32(), 0x11).AsSingle();
    }

    /// <summary>Two half-precision fields, one after the other, of four rows, widened: each of the two four times.</summary>
    /// <param name="row0">The fields of row 0.</param>
    /// <param name="row1">Of row 1.</param>
    /// <param name="row2">Of row 2.</param>
    /// <param name="row3">Of row 3.</param>
    /// <param name="lower">The first field [4 times, 4 rows].</param>
    /// <param name="upper">The second field [4 times, 4 rows].</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pairs(Half* row0, Half* row1, Half* row2, Half* row3, out Vector512<float> lower, out Vector512<float> upper)
    {
        Vector512<float> both = Pairs(row0, row1, row2, row3).ToVector512Unsafe();
        lower = Avx512F.Shuffle4x128(both, both, 0b00_00_00_00);
        upper = Avx512F.Shuffle4x128(both, both, 0b01_01_01_01);
    }

    /// <summary>The fields as [2 fields, 4 rows].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Pairs(Half* row0, Half* row1, Half* row2, Half* row3)
    {
        Vector128<int> pairs = Vector128.Create(*(int*)row0, *(int*)row1, *(int*)row2, *(int*)row3);
        return HalfWidening.Widen(Vector256.Create(pairs << 16 >> 16, pairs >> 16));
    }

    /// <summary>Stores the factors of a group of sixteen rows of Q4_K or Q5_K, from the sixteen bytes that a super-block begins with.</summary>
    /// <param name="rows">The rows, at the super-block.</param>
    /// <param name="group">Which group of four blocks of the row.</param>
    /// <param name="to">The group's place in a panel.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PackFactors(SixteenRows rows, int group, PanelGroup to)
    {
        rows.Columns(0, out Vector512<int> halves, out Vector512<int> first, out Vector512<int> second, out Vector512<int> third);
        if (group % 2 == 0)
        {
            first &= Vector512.Create(0x3F3F3F3F);
            second &= Vector512.Create(0x3F3F3F3F);
        }
        else
        {
            first = (third & Vector512.Create(0x0F0F0F0F)) | ((first >>> 2) & Vector512.Create(0x30303030));
            second = ((third >>> 4) & Vector512.Create(0x0F0F0F0F)) | ((second >>> 2) & Vector512.Create(0x30303030));
        }
        to.SuperBlock(halves, first, second);
    }
}
