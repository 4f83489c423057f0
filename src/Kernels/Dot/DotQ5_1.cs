using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LocalLlm.Gguf;
using LocalLlm.Kernels.Assembled;
using LocalLlm.Quant;

namespace LocalLlm.Kernels.Dot;

/// <summary>Dot product of <see cref="BlockQ5_1"/>: I = sum q*x, scale d, minimum m.</summary>
internal readonly unsafe struct DotQ5_1 : IDotFormat
{
    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q5_1;

    /// <inheritdoc/>
    public static int GroupBytes => 4 * sizeof(BlockQ5_1);

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
        BlockQ5_1* b = (BlockQ5_1*)row + block;
        for (int i = 0; i < 16; i++)
        {
            quants[i] = (sbyte)((b->Qs[i] & 15) | ((int)(b->Qh >> i) & 1) << 4);
            quants[i + 16] = (sbyte)((b->Qs[i] >> 4) | ((int)(b->Qh >> (i + 16)) & 1) << 4);
        }
        return new((float)b->D, (float)b->M);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Weight(byte* row, int column)
    {
        BlockQ5_1* b = (BlockQ5_1*)row + column / 32;
        int fifth = (int)(b->Qh >> (column % 32)) & 1;
        return (float)b->D * (BlockLoads.Nibble(b->Qs, column % 32) | fifth << 4) + (float)b->M;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Weights(in BlockGather blocks, int place)
    {
        Vector256<int> q = blocks.Nibble(8 + place % 16, place / 16 * 4) | (blocks.Bit(4, place) << 4);
        return blocks.Half(0) * Vector256.ConvertToSingle(q) + blocks.Half(2);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(
        byte* row, int group, out Vector256<byte> first01, out Vector256<byte> first23, out Vector256<byte> second01, out Vector256<byte> second23)
    {
        BlockQ5_1* b = (BlockQ5_1*)row + 4 * group;
        Unpack(b, out first01, out second01);
        Unpack(b + 2, out first23, out second23);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpack(BlockQ5_1* b, out Vector256<byte> first, out Vector256<byte> second)
    {
        BlockLoads.Nibbles(b->Qs, sizeof(BlockQ5_1), out first, out second);
        BlockLoads.FifthBits((byte*)&b->Qh, sizeof(BlockQ5_1), out Vector256<byte> firstSet, out Vector256<byte> secondSet);
        first |= firstSet & Vector256.Create((byte)0x10);
        second |= secondSet & Vector256.Create((byte)0x10);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(byte* row, int group, out Vector512<byte> first, out Vector512<byte> second)
    {
        BlockQ5_1* b = (BlockQ5_1*)row + 4 * group;
        BlockLoads.Nibbles(b->Qs, sizeof(BlockQ5_1), out first, out second);
        BlockLoads.FifthBits((byte*)&b->Qh, sizeof(BlockQ5_1), out Vector512<byte> firstSet, out Vector512<byte> secondSet);
        first |= firstSet & Vector512.Create((byte)0x10);
        second |= secondSet & Vector512.Create((byte)0x10);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(
        FourRows rows, int group, out Vector256<float> scales01, out Vector256<float> scales23, out Vector256<float> minimums01, out Vector256<float> minimums23)
    {
        nint offset = (nint)group * 4 * sizeof(BlockQ5_1);
        BlockLoads.Pairs2(rows, offset, sizeof(BlockQ5_1), out scales01, out minimums01);
        BlockLoads.Pairs2(rows, offset + 2 * sizeof(BlockQ5_1), sizeof(BlockQ5_1), out scales23, out minimums23);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(FourRows rows, int group, out Vector512<float> scales, out Vector512<float> minimums) =>
        BlockLoads.Pairs4(rows, (nint)group * 4 * sizeof(BlockQ5_1), sizeof(BlockQ5_1), out scales, out minimums);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(SixteenRows rows, int group, PanelGroup to)
    {
        // Six integers make a block: twelve are two.
        rows = rows.At((nint)group * GroupBytes);
        for (int block = 0; block < 4; block += 2)
        {
            nint at = block * sizeof(BlockQ5_1);
            rows.Columns(at, out Vector512<int> c0, out Vector512<int> c1, out Vector512<int> c2, out Vector512<int> c3);
            to.ScalesAndMinimums(block, c0);
            to.Halves(block, 0, c2, c1);
            to.Halves(block, 1, c3, c1);
            rows.Columns(at + 16, out c0, out c2, out Vector512<int> factors, out c3);
            to.Halves(block, 2, c0, c1);
            to.Halves(block, 3, c2, c1);
            to.ScalesAndMinimums(block + 1, factors);
            rows.Columns(at + 32, out c0, out c1, out c2, out factors);
            to.Halves(block + 1, 0, c0, c3);
            to.Halves(block + 1, 1, c1, c3);
            to.Halves(block + 1, 2, c2, c3);
            to.Halves(block + 1, 3, factors, c3);
        }
    }
}
