using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LocalLlm.Gguf;
using LocalLlm.Kernels.Assembled;
using LocalLlm.Quant;

namespace LocalLlm.Kernels.Dot;

/// <summary>Dot product of <see cref="BlockQ6_K"/>: I = sc0 * sum0 (q-32)*x + sc1 * sum1 (q-32)*x, scale d.</summary>
internal readonly unsafe struct DotQ6_K : IDotFormat
{
    private const byte LowNibbles = 0x0F;

    // Where the two high bits of a weight go.
    private const byte HighBits = 0x30;

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q6_K;

    /// <inheritdoc/>
    public static int GroupBytes => sizeof(BlockQ6_K) / 2;

    /// <inheritdoc/>
    public static bool IsSigned => false;

    /// <inheritdoc/>
    public static int Offset => 32;

    /// <inheritdoc/>
    public static int LargestQuant => 63;

    /// <inheritdoc/>
    public static bool HasMinimums => false;

    /// <inheritdoc/>
    public static bool HasHalfScales => true;

    /// <inheritdoc/>
    public static BlockFactors Unpack(byte* row, int block, sbyte* quants)
    {
        BlockQ6_K* b = (BlockQ6_K*)row + block / 8;
        int half = block % 8 / 4, k = block % 4;
        for (int l = 0; l < 32; l++)
        {
            int low = (b->Ql[64 * half + 32 * (k % 2) + l] >> (k / 2 * 4)) & 15;
            int high = (b->Qh[32 * half + l] >> (2 * k)) & 3;
            quants[l] = (sbyte)((low | high << 4) - Offset);
        }
        sbyte* scales = b->Scales + 2 * (block % 8);
        return new((float)b->D, FirstScale: scales[0], SecondScale: scales[1]);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Weight(byte* row, int column)
    {
        BlockQ6_K* b = (BlockQ6_K*)row + column / 256;
        int i = column % 256, half = i / 128, k = i % 128 / 32, l = i % 32;
        int low = (b->Ql[64 * half + 32 * (k % 2) + l] >> (k / 2 * 4)) & 15, high = (b->Qh[32 * half + l] >> (2 * k)) & 3;
        return (float)b->D * b->Scales[i / 16] * ((low | high << 4) - Offset);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Weights(in BlockGather blocks, int place)
    {
        int half = place / 128, k = place % 128 / 32, l = place % 32;
        Vector256<int> low = blocks.Nibble(64 * half + 32 * (k % 2) + l, k / 2 * 4), high = (blocks.Byte(128 + 32 * half + l) >>> (2 * k)) & Vector256.Create(3);
        Vector256<float> scale = Vector256.ConvertToSingle(blocks.SByte(192 + place / 16));
        return blocks.Half(208) * scale * Vector256.ConvertToSingle((low | (high << 4)) - Vector256.Create(Offset));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(
        byte* row, int group, out Vector256<byte> first01, out Vector256<byte> first23, out Vector256<byte> second01, out Vector256<byte> second23)
    {
        BlockQ6_K* b = (BlockQ6_K*)row + (group >> 1);
        byte* ql = b->Ql + (group & 1) * 64;
        Vector256<byte> low0 = Vector256.Load(ql), low1 = Vector256.Load(ql + 32), high = Vector256.Load(b->Qh + (group & 1) * 32);
        Vector256<byte> nibbles = Vector256.Create(LowNibbles), two = Vector256.Create(HighBits);
        Vector256<byte> block0 = low0 & nibbles | (high.AsUInt16() << 4).AsByte() & two;
        Vector256<byte> block1 = low1 & nibbles | (high.AsUInt16() << 2).AsByte() & two;
        Vector256<byte> block2 = (low0.AsUInt16() >>> 4).AsByte() & nibbles | high & two;
        Vector256<byte> block3 = (low1.AsUInt16() >>> 4).AsByte() & nibbles | (high.AsUInt16() >>> 2).AsByte() & two;
        SuperBlockLoads.Blocks(block0, block1, out first01, out second01);
        SuperBlockLoads.Blocks(block2, block3, out first23, out second23);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(byte* row, int group, out Vector512<byte> first, out Vector512<byte> second)
    {
        BlockQ6_K* b = (BlockQ6_K*)row + (group >> 1);
        Vector512<byte> low = Vector512.Load(b->Ql + (group & 1) * 64);
        Vector256<uint> high = Vector256.Load((uint*)(b->Qh + (group & 1) * 32));
        Vector512<uint> bits = high.ToVector512Unsafe().WithUpper(high);
        Vector512<byte> nibbles = Vector512.Create(LowNibbles), two = Vector512.Create(HighBits);
        // Blocks 0 and 1 have bits 0..1 and 2..3 of a byte, blocks 2 and 3 bits 4..5 and 6..7; all go to bits 4..5.
        Vector512<uint> up = Vector512.Create(4u, 4, 4, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2);
        Vector512<uint> down = Vector512.Create(0u, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2);
        Vector512<byte> blocks01 = low & nibbles | Avx512F.ShiftLeftLogicalVariable(bits, up).AsByte() & two;
        Vector512<byte> blocks23 = (low.AsUInt16() >>> 4).AsByte() & nibbles | Avx512F.ShiftRightLogicalVariable(bits, down).AsByte() & two;
        first = Avx512F.Shuffle4x128(blocks01.AsInt32(), blocks23.AsInt32(), 0b10_00_10_00).AsByte();
        second = Avx512F.Shuffle4x128(blocks01.AsInt32(), blocks23.AsInt32(), 0b11_01_11_01).AsByte();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(
        FourRows rows, int group, out Vector256<float> scales01, out Vector256<float> scales23, out Vector256<float> minimums01, out Vector256<float> minimums23)
    {
        scales01 = scales23 = Scales(rows, group);
        minimums01 = minimums23 = default;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(FourRows rows, int group, out Vector512<float> scales, out Vector512<float> minimums)
    {
        Vector256<float> d = Scales(rows, group);
        scales = d.ToVector512Unsafe().WithUpper(d);
        minimums = default;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> HalfScales(byte* row, int group) =>
        Sse41.ConvertToVector128Int16(((BlockQ6_K*)row + (group >> 1))->Scales + (group & 1) * 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Scales(FourRows rows, int group)
    {
        int b = group >> 1;
        return SuperBlockLoads.Widen(
            ((BlockQ6_K*)rows.Row0 + b)->D, ((BlockQ6_K*)rows.Row1 + b)->D, ((BlockQ6_K*)rows.Row2 + b)->D, ((BlockQ6_K*)rows.Row3 + b)->D);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(SixteenRows rows, int group, PanelGroup to)
    {
        rows = rows.At((nint)(group >> 1) * sizeof(BlockQ6_K));
        for (int k = 0; k < 8; k += 4)
        {
            nint low = (group & 1) * 64 + 4 * k, high = 128 + (group & 1) * 32 + 4 * k;
            rows.Columns(high, out Vector512<int> h0, out Vector512<int> h1, out Vector512<int> h2, out Vector512<int> h3);
            rows.Columns(low, out Vector512<int> q0, out Vector512<int> q1, out Vector512<int> q2, out Vector512<int> q3);
            // Blocks 0 and 1 have bits 0..1 and 2..3 of a byte, blocks 2 and 3 bits 4..5 and 6..7; all go to bits 4..5.
            PackPair(to, 0, k, q0, h0 << 4, h0);
            PackPair(to, 0, k + 1, q1, h1 << 4, h1);
            PackPair(to, 0, k + 2, q2, h2 << 4, h2);
            PackPair(to, 0, k + 3, q3, h3 << 4, h3);
            rows.Columns(low + 32, out q0, out q1, out q2, out q3);
            PackPair(to, 1, k, q0, h0 << 2, h0 >>> 2);
            PackPair(to, 1, k + 1, q1, h1 << 2, h1 >>> 2);
            PackPair(to, 1, k + 2, q2, h2 << 2, h2 >>> 2);
            PackPair(to, 1, k + 3, q3, h3 << 2, h3 >>> 2);
        }
        // The scale stands at the end: read with the two bytes before it.
        Vector512<float> scales = HalfWidening.Widen(rows.Column(sizeof(BlockQ6_K) - sizeof(int)) >> 16);
        rows.Columns(192, out Vector512<int> s0, out Vector512<int> s1, out Vector512<int> s2, out Vector512<int> s3);
        if (group % 2 != 0)
        {
            (s0, s1) = (s2, s3);
        }
        PackScales(to, 0, scales, s0);
        PackScales(to, 1, scales, s0 >> 16);
        PackScales(to, 2, scales, s1);
        PackScales(to, 3, scales, s1 >> 16);
    }

    /// <summary>Quants of a block and of the one two further, with two high bits at bits 4 and 5 of each byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackPair(PanelGroup to, int block, int k, Vector512<int> bytes, Vector512<int> high, Vector512<int> high2)
    {
        Vector512<int> two = Vector512.Create(HighBits).AsInt32();
        to.Quants(block, k, PanelGroup.Low(bytes) | high & two);
        to.Quants(block + 2, k, PanelGroup.High(bytes) | high2 & two);
    }

    /// <summary>A block's scale and the integer scales of its halves, the two lowest bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackScales(PanelGroup to, int block, Vector512<float> scales, Vector512<int> halves)
    {
        to.Scales(block, scales);
        to.Seconds(block, Avx512F.ConvertToVector512Single(halves << 24 >> 24));
        to.Thirds(block, Avx512F.ConvertToVector512Single(halves << 16 >> 24));
    }
}
