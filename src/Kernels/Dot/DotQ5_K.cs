using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LocalLlm.Gguf;
using LocalLlm.Kernels.Assembled;
using LocalLlm.Quant;

namespace LocalLlm.Kernels.Dot;

/// <summary>Dot product of <see cref="BlockQ5_K"/>: I = sum q*x, scale d*sc, minimum -(dmin*mn).</summary>
internal readonly unsafe struct DotQ5_K : IDotFormat
{
    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q5_K;

    /// <inheritdoc/>
    public static int GroupBytes => sizeof(BlockQ5_K) / 2;

    /// <inheritdoc/>
    public static bool IsSigned => false;

    /// <inheritdoc/>
    public static int LargestQuant => 31;

    /// <inheritdoc/>
    public static bool HasMinimums => true;

    /// <inheritdoc/>
    public static bool HasHalfScales => false;

    /// <inheritdoc/>
    public static BlockFactors Unpack(byte* row, int block, sbyte* quants)
    {
        BlockQ5_K* b = (BlockQ5_K*)row + block / 8;
        int k = block % 8;
        for (int l = 0; l < 32; l++)
        {
            int low = (b->Qs[k / 2 * 32 + l] >> (k % 2 * 4)) & 15;
            quants[l] = (sbyte)(low | ((b->Qh[l] >> k) & 1) << 4);
        }
        SixBitScales six = SixBitScales.Unpack(new(b->Scales, 12));
        return new((float)b->D * six.Scale(k), -((float)b->DMin * six.Minimum(k)));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Weight(byte* row, int column)
    {
        BlockQ5_K* b = (BlockQ5_K*)row + column / 256;
        int i = column % 256, k = i / 32;
        int low = (b->Qs[k / 2 * 32 + i % 32] >> (k % 2 * 4)) & 15, fifth = (b->Qh[i % 32] >> k) & 1;
        SixBitScales six = SixBitScales.Unpack(new(b->Scales, 12));
        return (float)b->D * six.Scale(k) * (low | fifth << 4) - (float)b->DMin * six.Minimum(k);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Weights(in BlockGather blocks, int place)
    {
        int k = place / 32, l = place % 32;
        Vector256<int> fifth = (blocks.Byte(16 + l) >>> k) & Vector256<int>.One;
        Vector256<int> q = blocks.Nibble(48 + k / 2 * 32 + l, k % 2 * 4) | (fifth << 4);
        blocks.SixBits(4, k, out Vector256<int> scale, out Vector256<int> minimum);
        return blocks.Half(0) * Vector256.ConvertToSingle(scale) * Vector256.ConvertToSingle(q) - blocks.Half(2) * Vector256.ConvertToSingle(minimum);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(
        byte* row, int group, out Vector256<byte> first01, out Vector256<byte> first23, out Vector256<byte> second01, out Vector256<byte> second23)
    {
        BlockQ5_K* b = (BlockQ5_K*)row + (group >> 1);
        byte* qs = b->Qs + (group & 1) * 64;
        SuperBlockLoads.Nibbles(qs, out first01, out second01);
        SuperBlockLoads.Nibbles(qs + 32, out first23, out second23);
        // Bit k of each byte speaks for block k: bits 0 and 1, then 2 and 3, once the group's four are moved down.
        Vector256<byte> bits = Avx2.ShiftRightLogical(Vector256.Load(b->Qh).AsUInt16(), Vector128.CreateScalar((ushort)((group & 1) * 4))).AsByte();
        AddFifthBits(bits, ref first01, ref second01);
        AddFifthBits((bits.AsUInt16() >>> 2).AsByte(), ref first23, ref second23);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddFifthBits(Vector256<byte> bits, ref Vector256<byte> first, ref Vector256<byte> second)
    {
        Vector256<byte> fifth = Vector256.Create((byte)0x10);
        Vector256<byte> block0 = (bits.AsUInt16() << 4).AsByte() & fifth, block1 = (bits.AsUInt16() << 3).AsByte() & fifth;
        SuperBlockLoads.Blocks(block0, block1, out Vector256<byte> firstBits, out Vector256<byte> secondBits);
        first |= firstBits;
        second |= secondBits;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(byte* row, int group, out Vector512<byte> first, out Vector512<byte> second)
    {
        BlockQ5_K* b = (BlockQ5_K*)row + (group >> 1);
        SuperBlockLoads.Nibbles(b->Qs + (group & 1) * 64, out first, out second);
        // Bit k of each byte speaks for block k. Lane j of the result is block j: its bit goes to bit 4, from a copy of the bytes in every lane.
        Vector256<uint> bits = Avx2.ShiftRightLogical(Vector256.Load(b->Qh).AsUInt32(), Vector128.CreateScalar((uint)((group & 1) * 4)));
        Vector512<uint> firstBits = Avx512F.Shuffle4x128(bits.ToVector512Unsafe(), bits.ToVector512Unsafe(), 0b00_00_00_00);
        Vector512<uint> secondBits = Avx512F.Shuffle4x128(bits.ToVector512Unsafe(), bits.ToVector512Unsafe(), 0b01_01_01_01);
        Vector512<uint> toBit4 = Vector512.Create(4u, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1);
        first |= Avx512F.ShiftLeftLogicalVariable(firstBits, toBit4).AsByte() & Vector512.Create((byte)0x10);
        second |= Avx512F.ShiftLeftLogicalVariable(secondBits, toBit4).AsByte() & Vector512.Create((byte)0x10);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(
        FourRows rows, int group, out Vector256<float> scales01, out Vector256<float> scales23, out Vector256<float> minimums01, out Vector256<float> minimums23)
    {
        int b = group >> 1;
        BlockQ5_K* r0 = (BlockQ5_K*)rows.Row0 + b, r1 = (BlockQ5_K*)rows.Row1 + b, r2 = (BlockQ5_K*)rows.Row2 + b, r3 = (BlockQ5_K*)rows.Row3 + b;
        SuperBlockLoads.SixBits(r0->Scales, r1->Scales, r2->Scales, r3->Scales, group, out Vector128<byte> sc, out Vector128<byte> mn);
        SuperBlockLoads.Pairs(&r0->D, &r1->D, &r2->D, &r3->D, out Vector256<float> d, out Vector256<float> dmin);
        scales01 = SuperBlockLoads.Scale(d, sc);
        scales23 = SuperBlockLoads.Scale(d, Sse2.ShiftRightLogical128BitLane(sc, 8));
        minimums01 = -SuperBlockLoads.Scale(dmin, mn);
        minimums23 = -SuperBlockLoads.Scale(dmin, Sse2.ShiftRightLogical128BitLane(mn, 8));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(FourRows rows, int group, out Vector512<float> scales, out Vector512<float> minimums)
    {
        int b = group >> 1;
        BlockQ5_K* r0 = (BlockQ5_K*)rows.Row0 + b, r1 = (BlockQ5_K*)rows.Row1 + b, r2 = (BlockQ5_K*)rows.Row2 + b, r3 = (BlockQ5_K*)rows.Row3 + b;
        SuperBlockLoads.SixBits(r0->Scales, r1->Scales, r2->Scales, r3->Scales, group, out Vector128<byte> sc, out Vector128<byte> mn);
        SuperBlockLoads.Pairs(&r0->D, &r1->D, &r2->D, &r3->D, out Vector512<float> d, out Vector512<float> dmin);
        scales = SuperBlockLoads.Scale(d, sc);
        minimums = -SuperBlockLoads.Scale(dmin, mn);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(SixteenRows rows, int group, PanelGroup to)
    {
        rows = rows.At((nint)(group >> 1) * sizeof(BlockQ5_K));
        SuperBlockLoads.PackFactors(rows, group, to);
        nint quants = 48 + (group & 1) * 64;
        for (int k = 0; k < 8; k += 4)
        {
            rows.Columns(16 + 4 * k, out Vector512<int> h0, out Vector512<int> h1, out Vector512<int> h2, out Vector512<int> h3);
            if (group % 2 != 0)
            {
                // Bit j of each byte speaks for block j of the super-block.
                (h0, h1, h2, h3) = (h0 >>> 4, h1 >>> 4, h2 >>> 4, h3 >>> 4);
            }
            rows.Columns(quants + 4 * k, out Vector512<int> q0, out Vector512<int> q1, out Vector512<int> q2, out Vector512<int> q3);
            PackPair(to, 0, k, q0, h0 << 4);
            PackPair(to, 0, k + 1, q1, h1 << 4);
            PackPair(to, 0, k + 2, q2, h2 << 4);
            PackPair(to, 0, k + 3, q3, h3 << 4);
            rows.Columns(quants + 32 + 4 * k, out q0, out q1, out q2, out q3);
            PackPair(to, 2, k, q0, h0 << 2);
            PackPair(to, 2, k + 1, q1, h1 << 2);
            PackPair(to, 2, k + 2, q2, h2 << 2);
            PackPair(to, 2, k + 3, q3, h3 << 2);
        }
    }

    /// <summary>Quants of two blocks: of the first, bit 4 of each byte of the last argument is the fifth bit, of the second, bit 5.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackPair(PanelGroup to, int block, int k, Vector512<int> bytes, Vector512<int> bits)
    {
        Vector512<int> fifth = Vector512.Create(0x10101010);
        to.Quants(block, k, PanelGroup.Low(bytes) | bits & fifth);
        to.Quants(block + 1, k, PanelGroup.High(bytes) | (bits >>> 1) & fifth);
    }
}
