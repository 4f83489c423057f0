using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LocalLlm.Gguf;
using LocalLlm.Kernels.Assembled;
using LocalLlm.Quant;

namespace LocalLlm.Kernels.Dot;

/// <summary>Dot product of <see cref="BlockQ8_0"/>: I = sum q*x, scale d.</summary>
internal readonly unsafe struct DotQ8_0 : IDotFormat
{
    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q8_0;

    /// <inheritdoc/>
    public static int GroupBytes => 4 * sizeof(BlockQ8_0);

    /// <inheritdoc/>
    public static bool IsSigned => true;

    /// <inheritdoc/>
    public static int LargestQuant => 128;

    /// <inheritdoc/>
    public static bool HasMinimums => false;

    /// <inheritdoc/>
    public static bool HasHalfScales => false;

    /// <inheritdoc/>
    public static BlockFactors Unpack(byte* row, int block, sbyte* quants)
    {
        BlockQ8_0* b = (BlockQ8_0*)row + block;
        for (int i = 0; i < 32; i++)
        {
            quants[i] = b->Qs[i];
        }
        return new((float)b->D);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Weight(byte* row, int column)
    {
        BlockQ8_0* b = (BlockQ8_0*)row + column / 32;
        return (float)b->D * b->Qs[column % 32];
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Weights(in BlockGather blocks, int place)
        => blocks.Half(0) * Vector256.ConvertToSingle(blocks.SByte(2 + place));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(
        byte* row, int group, out Vector256<byte> first01, out Vector256<byte> first23, out Vector256<byte> second01, out Vector256<byte> second23)
    {
        BlockQ8_0* b = (BlockQ8_0*)row + 4 * group;
        Vector256<sbyte> q0 = Vector256.Load(b[0].Qs), q1 = Vector256.Load(b[1].Qs), q2 = Vector256.Load(b[2].Qs), q3 = Vector256.Load(b[3].Qs);
        first01 = Avx2.Permute2x128(q0, q1, 0x20).AsByte();
        second01 = Avx2.Permute2x128(q0, q1, 0x31).AsByte();
        first23 = Avx2.Permute2x128(q2, q3, 0x20).AsByte();
        second23 = Avx2.Permute2x128(q2, q3, 0x31).AsByte();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack(byte* row, int group, out Vector512<byte> first, out Vector512<byte> second)
    {
        BlockQ8_0* b = (BlockQ8_0*)row + 4 * group;
        Vector512<int> blocks01 = Vector256.Load(b[0].Qs).ToVector512Unsafe().WithUpper(Vector256.Load(b[1].Qs)).AsInt32();
        Vector512<int> blocks23 = Vector256.Load(b[2].Qs).ToVector512Unsafe().WithUpper(Vector256.Load(b[3].Qs)).AsInt32();
        first = Avx512F.Shuffle4x128(blocks01, blocks23, 0b10_00_10_00).AsByte();
        second = Avx512F.Shuffle4x128(blocks01, blocks23, 0b11_01_11_01).AsByte();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(
        FourRows rows, int group, out Vector256<float> scales01, out Vector256<float> scales23, out Vector256<float> minimums01, out Vector256<float> minimums23)
    {
        nint offset = (nint)group * 4 * sizeof(BlockQ8_0);
        scales01 = BlockLoads.Halves2(rows, offset, sizeof(BlockQ8_0));
        scales23 = BlockLoads.Halves2(rows, offset + 2 * sizeof(BlockQ8_0), sizeof(BlockQ8_0));
        minimums01 = minimums23 = default;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Factors(FourRows rows, int group, out Vector512<float> scales, out Vector512<float> minimums)
    {
        scales = BlockLoads.Halves4(rows, (nint)group * 4 * sizeof(BlockQ8_0), sizeof(BlockQ8_0));
        minimums = default;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack(SixteenRows rows, int group, PanelGroup to)
    {
        rows = rows.At((nint)group * GroupBytes);
        for (int block = 0; block < 4; block++)
        {
            nint at = block * sizeof(BlockQ8_0);
            to.Scales(block, rows.Column(at));
            rows.Columns(
                at + sizeof(Half), out Vector512<int> q0, out Vector512<int> q1, out Vector512<int> q2, out Vector512<int> q3,
                out Vector512<int> q4, out Vector512<int> q5, out Vector512<int> q6, out Vector512<int> q7);
            // Signed quants become unsigned by adding 128.
            Vector512<int> sign = Vector512.Create((byte)0x80).AsInt32();
            to.Quants(block, 0, q0 ^ sign);
            to.Quants(block, 1, q1 ^ sign);
            to.Quants(block, 2, q2 ^ sign);
            to.Quants(block, 3, q3 ^ sign);
            to.Quants(block, 4, q4 ^ sign);
            to.Quants(block, 5, q5 ^ sign);
            to.Quants(block, 6, q6 ^ sign);
            to.Quants(block, 7, q7 ^ sign);
        }
    }
}
