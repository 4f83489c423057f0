using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>
/// Loads that formats with blocks of 32 share. Their blocks follow each other at <c>stride</c> bytes; a load takes the same field of
/// two or four neighbours, one to each 128-bit lane.
/// </summary>
internal static unsafe class BlockLoads
{
    private const byte LowNibbles = 0x0F;

    /// <summary>One nibble of a block of 32: low ones are the first half, high ones the second.</summary>
    /// <param name="qs">The field, 16 bytes.</param>
    /// <param name="i">Which weight, 0 to 31.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Nibble(byte* qs, int i) => (qs[i % 16] >> (i / 16 * 4)) & LowNibbles;

    /// <summary>Nibbles of two blocks: low ones are the first halves, high ones the second.</summary>
    /// <param name="qs">Field of the first block, 16 bytes.</param>
    /// <param name="stride">Bytes of a block.</param>
    /// <param name="first">Low nibbles.</param>
    /// <param name="second">High nibbles.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Nibbles(byte* qs, int stride, out Vector256<byte> first, out Vector256<byte> second)
    {
        Vector256<byte> bytes = Vector256.Create(Vector128.Load(qs), Vector128.Load(qs + stride));
        first = bytes & Vector256.Create(LowNibbles);
        second = (bytes.AsUInt16() >>> 4).AsByte() & Vector256.Create(LowNibbles);
    }

    /// <summary>Nibbles of four blocks.</summary>
    /// <param name="qs">Field of the first block, 16 bytes.</param>
    /// <param name="stride">Bytes of a block.</param>
    /// <param name="first">Low nibbles.</param>
    /// <param name="second">High nibbles.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Nibbles(byte* qs, int stride, out Vector512<byte> first, out Vector512<byte> second)
    {
        Vector256<byte> blocks01 = Vector256.Create(Vector128.Load(qs), Vector128.Load(qs + stride));
        Vector256<byte> blocks23 = Vector256.Create(Vector128.Load(qs + 2 * stride), Vector128.Load(qs + 3 * stride));
        Vector512<byte> bytes = blocks01.ToVector512Unsafe().WithUpper(blocks23);
        first = bytes & Vector512.Create(LowNibbles);
        second = (bytes.AsUInt16() >>> 4).AsByte() & Vector512.Create(LowNibbles);
    }

    /// <summary>The fifth bits of two blocks as masks: 0xFF in the bytes of the weights whose bit is set.</summary>
    /// <param name="qh">Field of the first block, 4 bytes: bit i for weight i.</param>
    /// <param name="stride">Bytes of a block.</param>
    /// <param name="first">Masks of the first halves.</param>
    /// <param name="second">Masks of the second halves.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FifthBits(byte* qh, int stride, out Vector256<byte> first, out Vector256<byte> second)
    {
        Vector256<byte> bits = Vector256.Create(Vector128.Create(*(uint*)qh), Vector128.Create(*(uint*)(qh + stride))).AsByte();
        Vector256<byte> single = Vector256.Create(0x8040_2010_0804_0201ul).AsByte();
        // Each byte of bits goes to the eight weights that it speaks for.
        first = Avx2.Shuffle(bits, Vector256.Create(0x0000_0000_0000_0000ul, 0x0101_0101_0101_0101, 0, 0x0101_0101_0101_0101).AsByte());
        second = Avx2.Shuffle(bits, Vector256.Create(0x0202_0202_0202_0202ul, 0x0303_0303_0303_0303, 0x0202_0202_0202_0202, 0x0303_0303_0303_0303).AsByte());
        first = Vector256.Equals(first & single, single);
        second = Vector256.Equals(second & single, single);
    }

    /// <summary>The fifth bits of four blocks as masks.</summary>
    /// <param name="qh">Field of the first block, 4 bytes: bit i for weight i.</param>
    /// <param name="stride">Bytes of a block.</param>
    /// <param name="first">Masks of the first halves.</param>
    /// <param name="second">Masks of the second halves.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FifthBits(byte* qh, int stride, out Vector512<byte> first, out Vector512<byte> second)
    {
        Vector128<uint> fields = Vector128.Create(*(uint*)qh, *(uint*)(qh + stride), *(uint*)(qh + 2 * stride), *(uint*)(qh + 3 * stride));
        Vector512<byte> bits = Avx512F.PermuteVar16x32(fields.ToVector256Unsafe().ToVector512Unsafe(), LaneOfBlock).AsByte();
        Vector512<byte> single = Vector512.Create(0x8040_2010_0804_0201ul).AsByte();
        first = Avx512BW.Shuffle(bits, Vector512.Create(Vector256.Create(0ul, 0x0101_0101_0101_0101, 0, 0x0101_0101_0101_0101)).AsByte());
        second = Avx512BW.Shuffle(
            bits, Vector512.Create(Vector256.Create(0x0202_0202_0202_0202ul, 0x0303_0303_0303_0303, 0x0202_0202_0202_0202, 0x0303_0303_0303_0303)).AsByte());
        first = Vector512.Equals(first & single, single);
        second = Vector512.Equals(second & single, single);
    }

    private static Vector512<uint> LaneOfBlock => Vector512.Create(0u, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);

    /// <summary>A half-precision field of two neighbouring blocks of four rows, widened: [2 blocks, 4 rows].</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="offset">Offset of the field from the start of a row.</param>
    /// <param name="stride">Bytes of a block.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Halves2(FourRows rows, nint offset, int stride) => HalfWidening.Widen(Gather(rows, offset, stride));

    /// <summary>A half-precision field of four neighbouring blocks of four rows, widened: [4 blocks, 4 rows].</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="offset">Offset of the field from the start of a row.</param>
    /// <param name="stride">Bytes of a block.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Halves4(FourRows rows, nint offset, int stride) =>
        HalfWidening.Widen(Vector256.Create(Gather(rows, offset, stride), Gather(rows, offset + 2 * stride, stride)));

    /// <summary>Two half-precision fields, one after the other, of two neighbouring blocks of four rows, widened: [2 blocks, 4 rows] each.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="offset">Offset of the fields from the start of a row.</param>
    /// <param name="stride">Bytes of a block.</param>
    /// <param name="lower">The first field.</param>
    /// <param name="upper">The second field.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pairs2(FourRows rows, nint offset, int stride, out Vector256<float> lower, out Vector256<float> upper)
    {
        Vector256<int> pairs = GatherPairs(rows, offset, stride);
        lower = HalfWidening.Widen(pairs << 16 >> 16);
        upper = HalfWidening.Widen(pairs >> 16);
    }

    /// <summary>Two half-precision fields, one after the other, of four neighbouring blocks of four rows, widened: [4 blocks, 4 rows] each.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="offset">Offset of the fields from the start of a row.</param>
    /// <param name="stride">Bytes of a block.</param>
    /// <param name="lower">The first field.</param>
    /// <param name="upper">The second field.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pairs4(FourRows rows, nint offset, int stride, out Vector512<float> lower, out Vector512<float> upper)
    {
        Vector512<int> pairs = GatherPairs(rows, offset, stride).ToVector512Unsafe().WithUpper(GatherPairs(rows, offset + 2 * stride, stride));
        lower = HalfWidening.Widen(pairs << 16 >> 16);
        upper = HalfWidening.Widen(pairs >> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> GatherPairs(FourRows rows, nint offset, int stride)
    {
        byte* r0 = rows.Row0 + offset, r1 = rows.Row1 + offset, r2 = rows.Row2 + offset, r3 = rows.Row3 + offset;
        return Vector256.Create(
            Vector128.Create(*(int*)r0, *(int*)r1, *(int*)r2, *(int*)r3),
            Vector128.Create(*(int*)(r0 + stride), *(int*)(r1 + stride), *(int*)(r2 + stride), *(int*)(r3 + stride)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Gather(FourRows rows, nint offset, int stride)
    {
        byte* r0 = rows.Row0 + offset, r1 = rows.Row1 + offset, r2 = rows.Row2 + offset, r3 = rows.Row3 + offset;
        return Vector128.Create(
            *(ushort*)r0, *(ushort*)r1, *(ushort*)r2, *(ushort*)r3,
            *(ushort*)(r0 + stride), *(ushort*)(r1 + stride), *(ushort*)(r2 + stride), *(ushort*)(r3 + stride));
    }
}
