using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LocalLlm.Gguf;
using LocalLlm.Kernels.Assembled;
using LocalLlm.Quant;

namespace LocalLlm.Kernels.Dot;

/// <summary>Dot product of <see cref="BlockQ4_K"/>: I = sum q*x, scale d*sc, minimum -(dmin*mn).</summary>
internal readonly unsafe struct DotQ4_K : IDotFormat
{
    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q4_K;

    /// <inheritdoc/>
    public static int GroupBytes => sizeof(BlockQ4_K) / 2;

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
        BlockQ4_K* b = (BlockQ4_K*)row + block / 8;
        int k = block % 8;
        for (int l = 0; l < 32; l++)
        {
            int q = (b->Qs[k / 2 * 32 + l] >> (k % 2 * 4)) & 15;
            quants[l] = (sbyte)q;
        }
        SixBitScales six = SixBitScales.Unpack(new(b->Scales, 12));
        return new((float)b->D * six.Scale(k), -((float)b->DMin * six.Minimum(k)));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Weight(byte* row, int column)
    {
        BlockQ4_K* b = (BlockQ4_K*)row + column / 256;
        int i = column % 256, k = i / 32;
        int q = (b->Qs[k / 2 * 32 + i % 32] >> (k % 2 * 4)) & 15;
        SixBitScales six = SixBitScales.Unpack(new(b->Scales, 12));
        return (float)b->D * six.Scale(k) * q - (float)b->DMin * six.Minimum(k);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Weights(in BlockGather blocks, int place)
    {
        int k = place / 32;
        Vector256<int> q = blocks.Nibble(16 + k / 2 * 32 + place % 32, k % 2 * 4);
        blocks.SixBits(4, k, out Vector256<int> scale, out Vector256<int> minimum);
        return blocks.Half(0) * Vector256.ConvertToSingle(scale) * Vector256.ConvertToSingle(q) - blocks.Half(2) * Vector256.ConvertToSingle(minimum);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(
        byte* row, int group, out Vector256<byte> first01, out Vector256<byte> first23, out Vector256<byte> second01, out Vector256<byte> second23)
    {
        BlockQ4_K* b = (BlockQ4_K*)row + (group >> 1);
        byte* qs = b->Qs + (group & 1) * 64;
        SuperBlockLoads.Nibbles(qs, out first01, out second01);
        SuperBlockLoads.Nibbles(qs + 32, out first23, out second23);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(byte* row, int group, out Vector512<byte> first, out Vector512<byte> second)
    {
        BlockQ4_K* b = (BlockQ4_K*)row + (group >> 1);
        SuperBlockLoads.Nibbles(b->Qs + (group & 1) * 64, out first, out second);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(
        FourRows rows, int group, out Vector256<float> scales01, out Vector256<float> scales23, out Vector256<float> minimums01, out Vector256<float> minimums23)
    {
        int b = group >> 1;
        BlockQ4_K* r0 = (BlockQ4_K*)rows.Row0 + b, r1 = (BlockQ4_K*)rows.Row1 + b, r2 = (BlockQ4_K*)rows.Row2 + b, r3 = (BlockQ4_K*)rows.Row3 + b;
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
        BlockQ4_K* r0 = (BlockQ4_K*)rows.Row0 + b, r1 = (BlockQ4_K*)rows.Row1 + b, r2 = (BlockQ4_K*)rows.Row2 + b, r3 = (BlockQ4_K*)rows.Row3 + b;
        SuperBlockLoads.SixBits(r0->Scales, r1->Scales, r2->Scales, r3->Scales, group, out Vector128<byte> sc, out Vector128<byte> mn);
        SuperBlockLoads.Pairs(&r0->D, &r1->D, &r2->D, &r3->D, out Vector512<float> d, out Vector512<float> dmin);
        scales = SuperBlockLoads.Scale(d, sc);
        minimums = -SuperBlockLoads.Scale(dmin, mn);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(SixteenRows rows, int group, PanelGroup to)
    {
        rows = rows.At((nint)(group >> 1) * sizeof(BlockQ4_K));
        SuperBlockLoads.PackFactors(rows, group, to);
        nint quants = 16 + (group & 1) * 64;
        for (int pair = 0; pair < 4; pair += 2)
        {
            for (int k = 0; k < 8; k += 4)
            {
                // A byte has a weight of one block in its low nibble and one of the next block in its high nibble.
                rows.Columns(quants + 16 * pair + 4 * k, out Vector512<int> q0, out Vector512<int> q1, out Vector512<int> q2, out Vector512<int> q3);
                to.Blocks(pair, k, q0);
                to.Blocks(pair, k + 1, q1);
                to.Blocks(pair, k + 2, q2);
                to.Blocks(pair, k + 3, q3);
            }
        }
    }
}
