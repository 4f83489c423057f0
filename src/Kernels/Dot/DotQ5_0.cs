using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LocalLlm.Gguf;
using LocalLlm.Kernels.Assembled;
using LocalLlm.Quant;

namespace LocalLlm.Kernels.Dot;

/// <summary>Dot product of <see cref="BlockQ5_0"/>: I = sum (q-16)*x, scale d.</summary>
internal readonly unsafe struct DotQ5_0 : IDotFormat
{
    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q5_0;

    /// <inheritdoc/>
    public static int GroupBytes => 4 * sizeof(BlockQ5_0);

    /// <inheritdoc/>
    public static bool IsSigned => false;

    /// <inheritdoc/>
    public static int Offset => 16;

    /// <inheritdoc/>
    public static int LargestQuant => 31;

    /// <inheritdoc/>
    public static bool HasMinimums => false;

    /// <inheritdoc/>
    public static bool HasHalfScales => false;

    /// <inheritdoc/>
    public static BlockFactors Unpack(byte* row, int block, sbyte* quants)
    {
        BlockQ5_0* b = (BlockQ5_0*)row + block;
        for (int i = 0; i < 16; i++)
        {
            quants[i] = (sbyte)(((b->Qs[i] & 15) | ((int)(b->Qh >> i) & 1) << 4) - Offset);
            quants[i + 16] = (sbyte)(((b->Qs[i] >> 4) | ((int)(b->Qh >> (i + 16)) & 1) << 4) - Offset);
        }
        return new((float)b->D);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Weight(byte* row, int column)
    {
        BlockQ5_0* b = (BlockQ5_0*)row + column / 32;
        int fifth = (int)(b->Qh >> (column % 32)) & 1;
        return (float)b->D * ((BlockLoads.Nibble(b->Qs, column % 32) | fifth << 4) - Offset);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Weights(in BlockGather blocks, int place)
    {
        Vector256<int> q = blocks.Nibble(6 + place % 16, place / 16 * 4) | (blocks.Bit(2, place) << 4);
        return blocks.Half(0) * Vector256.ConvertToSingle(q - Vector256.Create(Offset));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(
        byte* row, int group, out Vector256<byte> first01, out Vector256<byte> first23, out Vector256<byte> second01, out Vector256<byte> second23)
    {
        BlockQ5_0* b = (BlockQ5_0*)row + 4 * group;
        Unpack(b, out first01, out second01);
        Unpack(b + 2, out first23, out second23);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpack(BlockQ5_0* b, out Vector256<byte> first, out Vector256<byte> second)
    {
        BlockLoads.Nibbles(b->Qs, sizeof(BlockQ5_0), out first, out second);
        BlockLoads.FifthBits((byte*)&b->Qh, sizeof(BlockQ5_0), out Vector256<byte> firstSet, out Vector256<byte> secondSet);
        first |= firstSet & Vector256.Create((byte)0x10);
        second |= secondSet & Vector256.Create((byte)0x10);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(byte* row, int group, out Vector512<byte> first, out Vector512<byte> second)
    {
        BlockQ5_0* b = (BlockQ5_0*)row + 4 * group;
        BlockLoads.Nibbles(b->Qs, sizeof(BlockQ5_0), out first, out second);
        BlockLoads.FifthBits((byte*)&b->Qh, sizeof(BlockQ5_0), out Vector512<byte> firstSet, out Vector512<byte> secondSet);
        first |= firstSet & Vector512.Create((byte)0x10);
        second |= secondSet & Vector512.Create((byte)0x10);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(
        FourRows rows, int group, out Vector256<float> scales01, out Vector256<float> scales23, out Vector256<float> minimums01, out Vector256<float> minimums23)
    {
        nint offset = (nint)group * 4 * sizeof(BlockQ5_0);
        scales01 = BlockLoads.Halves2(rows, offset, sizeof(BlockQ5_0));
        scales23 = BlockLoads.Halves2(rows, offset + 2 * sizeof(BlockQ5_0), sizeof(BlockQ5_0));
        minimums01 = minimums23 = default;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(FourRows rows, int group, out Vector512<float> scales, out Vector512<float> minimums)
    {
        nint offset = (nint)group * 4 * sizeof(BlockQ5_0);
        scales = BlockLoads.Halves4(rows, offset, sizeof(BlockQ5_0));
        minimums = default;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(SixteenRows rows, int group, PanelGroup to)
    {
        rows = rows.At((nint)group * GroupBytes);
        for (int block = 0; block < 4; block++)
        {
            nint at = block * sizeof(BlockQ5_0);
            rows.Columns(at, out Vector512<int> c0, out Vector512<int> c1, out _, out _);
            to.Scales(block, c0);
            Vector512<int> fifths = (c0 >>> 16) | (c1 << 16);
            rows.Columns(at + sizeof(Half) + sizeof(uint), out Vector512<int> q0, out Vector512<int> q1, out Vector512<int> q2, out Vector512<int> q3);
            to.Halves(block, 0, q0, fifths);
            to.Halves(block, 1, q1, fifths);
            to.Halves(block, 2, q2, fifths);
            to.Halves(block, 3, q3, fifths);
        }
    }
}
