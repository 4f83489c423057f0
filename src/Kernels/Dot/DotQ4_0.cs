using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LocalLlm.Gguf;
using LocalLlm.Kernels.Assembled;
using LocalLlm.Quant;

namespace LocalLlm.Kernels.Dot;

/// <summary>Dot product of <see cref="BlockQ4_0"/>: I = sum (q-8)*x, scale d.</summary>
internal readonly unsafe struct DotQ4_0 : IDotFormat
{
    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q4_0;

    /// <inheritdoc/>
    public static int GroupBytes => 4 * sizeof(BlockQ4_0);

    /// <inheritdoc/>
    public static bool IsSigned => false;

    /// <inheritdoc/>
    public static int Offset => 8;

    /// <inheritdoc/>
    public static int LargestQuant => 15;

    /// <inheritdoc/>
    public static bool HasMinimums => false;

    /// <inheritdoc/>
    public static bool HasHalfScales => false;

    /// <inheritdoc/>
    public static BlockFactors Unpack(byte* row, int block, sbyte* quants)
    {
        BlockQ4_0* b = (BlockQ4_0*)row + block;
        for (int i = 0; i < 16; i++)
        {
            quants[i] = (sbyte)((b->Qs[i] & 15) - Offset);
            quants[i + 16] = (sbyte)((b->Qs[i] >> 4) - Offset);
        }
        return new((float)b->D);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Weight(byte* row, int column)
    {
        BlockQ4_0* b = (BlockQ4_0*)row + column / 32;
        return (float)b->D * (BlockLoads.Nibble(b->Qs, column % 32) - Offset);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Weights(in BlockGather blocks, int place)
        => blocks.Half(0) * Vector256.ConvertToSingle(blocks.Nibble(2 + place % 16, place / 16 * 4) - Vector256.Create(Offset));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(
        byte* row, int group, out Vector256<byte> first01, out Vector256<byte> first23, out Vector256<byte> second01, out Vector256<byte> second23)
    {
        BlockQ4_0* b = (BlockQ4_0*)row + 4 * group;
        Unpack(b, out first01, out second01);
        Unpack(b + 2, out first23, out second23);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Unpack(BlockQ4_0* b, out Vector256<byte> first, out Vector256<byte> second)
    {
        BlockLoads.Nibbles(b->Qs, sizeof(BlockQ4_0), out first, out second);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(byte* row, int group, out Vector512<byte> first, out Vector512<byte> second)
    {
        BlockQ4_0* b = (BlockQ4_0*)row + 4 * group;
        BlockLoads.Nibbles(b->Qs, sizeof(BlockQ4_0), out first, out second);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(
        FourRows rows, int group, out Vector256<float> scales01, out Vector256<float> scales23, out Vector256<float> minimums01, out Vector256<float> minimums23)
    {
        nint offset = (nint)group * 4 * sizeof(BlockQ4_0);
        scales01 = BlockLoads.Halves2(rows, offset, sizeof(BlockQ4_0));
        scales23 = BlockLoads.Halves2(rows, offset + 2 * sizeof(BlockQ4_0), sizeof(BlockQ4_0));
        minimums01 = minimums23 = default;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(FourRows rows, int group, out Vector512<float> scales, out Vector512<float> minimums)
    {
        nint offset = (nint)group * 4 * sizeof(BlockQ4_0);
        scales = BlockLoads.Halves4(rows, offset, sizeof(BlockQ4_0));
        minimums = default;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(SixteenRows rows, int group, PanelGroup to)
    {
        rows = rows.At((nint)group * GroupBytes);
        for (int block = 0; block < 4; block++)
        {
            nint at = block * sizeof(BlockQ4_0);
            to.Scales(block, rows.Column(at));
            rows.Columns(at + sizeof(Half), out Vector512<int> q0, out Vector512<int> q1, out Vector512<int> q2, out Vector512<int> q3);
            to.Halves(block, 0, q0);
            to.Halves(block, 1, q1);
            to.Halves(block, 2, q2);
            to.Halves(block, 3, q3);
        }
    }
}
