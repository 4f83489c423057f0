using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LocalLlm.Gguf;
using LocalLlm.Kernels.Assembled;
using LocalLlm.Quant;

namespace LocalLlm.Kernels.Dot;

/// <summary>Dot product of <see cref="BlockQ4_1"/>: I = sum q*x, scale d, minimum m.</summary>
internal readonly unsafe struct DotQ4_1 : IDotFormat
{
    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q4_1;

    /// <inheritdoc/>
    public static int GroupBytes => 4 * sizeof(BlockQ4_1);

    /// <inheritdoc/>
    public static bool IsSigned => false;

    /// <inheritdoc/>
    public static int LargestQuant => 15;

    /// <inheritdoc/>
    public static bool HasMinimums => true;

    /// <inheritdoc/>
    public static bool HasHalfScales => false;

    /// <inheritdoc/>
    public static BlockFactors Unpack(byte* row, int block, sbyte* quants)
    {
        BlockQ4_1* b = (BlockQ4_1*)row + block;
        for (int i = 0; i < 16; i++)
        {
            quants[i] = (sbyte)(b->Qs[i] & 15);
            quants[i + 16] = (sbyte)(b->Qs[i] >> 4);
        }
        return new((float)b->D, (float)b->M);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Weight(byte* row, int column)
    {
        BlockQ4_1* b = (BlockQ4_1*)row + column / 32;
        return (float)b->D * BlockLoads.Nibble(b->Qs, column % 32) + (float)b->M;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Weights(in BlockGather blocks, int place)
        => blocks.Half(0) * Vector256.ConvertToSingle(blocks.Nibble(4 + place % 16, place / 16 * 4)) + blocks.Half(2);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(
        byte* row, int group, out Vector256<byte> first01, out Vector256<byte> first23, out Vector256<byte> second01, out Vector256<byte> second23)
    {
        BlockQ4_1* b = (BlockQ4_1*)row + 4 * group;
        Unpack(b, out first01, out second01);
        Unpack(b + 2, out first23, out second23);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpack(BlockQ4_1* b, out Vector256<byte> first, out Vector256<byte> second)
    {
        BlockLoads.Nibbles(b->Qs, sizeof(BlockQ4_1), out first, out second);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(byte* row, int group, out Vector512<byte> first, out Vector512<byte> second)
    {
        BlockQ4_1* b = (BlockQ4_1*)row + 4 * group;
        BlockLoads.Nibbles(b->Qs, sizeof(BlockQ4_1), out first, out second);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(
        FourRows rows, int group, out Vector256<float> scales01, out Vector256<float> scales23, out Vector256<float> minimums01, out Vector256<float> minimums23)
    {
        nint offset = (nint)group * 4 * sizeof(BlockQ4_1);
        BlockLoads.Pairs2(rows, offset, sizeof(BlockQ4_1), out scales01, out minimums01);
        BlockLoads.Pairs2(rows, offset + 2 * sizeof(BlockQ4_1), sizeof(BlockQ4_1), out scales23, out minimums23);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(FourRows rows, int group, out Vector512<float> scales, out Vector512<float> minimums) =>
        BlockLoads.Pairs4(rows, (nint)group * 4 * sizeof(BlockQ4_1), sizeof(BlockQ4_1), out scales, out minimums);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(SixteenRows rows, int group, PanelGroup to)
    {
        // Five integers make a block, four times five a group.
        rows = rows.At((nint)group * GroupBytes);
        rows.Columns(0, out Vector512<int> c0, out Vector512<int> c1, out Vector512<int> c2, out Vector512<int> c3);
        to.ScalesAndMinimums(0, c0);
        to.Halves(0, 0, c1);
        to.Halves(0, 1, c2);
        to.Halves(0, 2, c3);
        rows.Columns(16, out c0, out c1, out c2, out c3);
        to.Halves(0, 3, c0);
        to.ScalesAndMinimums(1, c1);
        to.Halves(1, 0, c2);
        to.Halves(1, 1, c3);
        rows.Columns(32, out c0, out c1, out c2, out c3);
        to.Halves(1, 2, c0);
        to.Halves(1, 3, c1);
        to.ScalesAndMinimums(2, c2);
        to.Halves(2, 0, c3);
        rows.Columns(48, out c0, out c1, out c2, out c3);
        to.Halves(2, 1, c0);
        to.Halves(2, 2, c1);
        to.Halves(2, 3, c2);
        to.ScalesAndMinimums(3, c3);
        rows.Columns(64, out c0, out c1, out c2, out c3);
        to.Halves(3, 0, c0);
        to.Halves(3, 1, c1);
        to.Halves(3, 2, c2);
        to.Halves(3, 3, c3);
    }
}
