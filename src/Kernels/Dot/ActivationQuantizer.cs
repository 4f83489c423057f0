using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels.Dot;

/// <summary>The loop over the blocks of a row of activations, for any <see cref="IBlockQuantizer"/>.</summary>
internal static unsafe class ActivationQuantizer
{
    private const int BlockLength = QuantizedActivations.BlockLength;
    private const int TileRows = QuantizedActivations.TileRows;
    private const float SmallestNormal = 1.17549435E-38f; // 2^-126

    // Steps between 0 and the largest value of a block: just below 127.5, so that the largest value still rounds to 127. A finer step leaves smaller errors.
    private const float FinestSteps = 127.49f;

    private const uint Infinity = 0x7F80_0000;

    /// <summary>Quantizes one row into <paramref name="q"/>, whose shape is set; padding blocks included.</summary>
    /// <param name="x">Activations [q.Columns].</param>
    /// <param name="q">Where to.</param>
    /// <param name="row">Which row of <paramref name="q"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void QuantizeRow<TBlock>(float* x, QuantizedActivations q, int row)
        where TBlock : struct, IBlockQuantizer
    {
        sbyte* quants = q.RowQuants(row);
        float* scales = q.TileScales(row) + row % TileRows;
        float* scaledSums = q.TileScaledSums(row) + row % TileRows;
        short* halfSums = q.HalfSums + (long)row * q.Blocks * 2;
        ActivationFactors* factors = q.RowFactors(row);
        float limit = OutlierList.Limit(TBlock.Dot(x, x, q.Columns), q.Columns);
        q.Outliers.Clear(row);
        float* spare = stackalloc float[BlockLength];
        int used = q.Columns / BlockLength;
        for (int b = 0; b < used; b++)
        {
            float* block = x + b * BlockLength;
            uint largest = TBlock.LargestMagnitude(block);
            if (BitConverter.UInt32BitsToSingle(largest) > limit)
            {
                Unsafe.CopyBlockUnaligned(spare, block, BlockLength * sizeof(float));
                q.Outliers.Take(row, b * BlockLength, new Span<float>(spare, BlockLength), limit);
                block = spare;
                largest = TBlock.LargestMagnitude(block);
            }
            sbyte* first = quants + QuantizedActivations.HalfOffset(b);
            float scale = QuantizeBlock<TBlock>(block, largest, first, first + QuantizedActivations.SecondHalf, halfSums + 2 * b);
            scales[b * TileRows] = scale;
            int sum = halfSums[2 * b] + halfSums[2 * b + 1];
            scaledSums[b * TileRows] = scale * sum;
            factors[q.FactorIndex(b)] = new() { Scale = scale, ScaledSum = scale * sum, Start = -128 * sum, SecondHalfStart = -32 * halfSums[2 * b + 1] };
        }
        for (int b = used; b < q.Blocks; b++)
        {
            sbyte* first = quants + QuantizedActivations.HalfOffset(b);
            Clear(first, first + QuantizedActivations.SecondHalf, halfSums + 2 * b);
            // Minus zero is the one number that leaves every other as it is when added, -0 included.
            scales[b * TileRows] = -0f;
            scaledSums[b * TileRows] = -0f;
            factors[q.FactorIndex(b)] = new() { Scale = -0f, ScaledSum = -0f };
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float QuantizeBlock<TBlock>(float* x, uint largest, sbyte* first, sbyte* second, short* halfSums)
        where TBlock : struct, IBlockQuantizer
    {
        float scale = BitConverter.UInt32BitsToSingle(largest) / FinestSteps;
        if (largest >= Infinity)
        {
            // There is no quant for infinity or NaN. A NaN as scale makes them show in every result that depends on the block.
            Clear(first, second, halfSums);
            return float.NaN;
        }
        if (scale < SmallestNormal)
        {
            Clear(first, second, halfSums);
            return 0;
        }
        float inverse = 1f / scale;
        halfSums[0] = (short)TBlock.QuantizeHalf(x, inverse, first);
        halfSums[1] = (short)TBlock.QuantizeHalf(x + BlockLength / 2, inverse, second);
        return scale * TBlock.Fit(x, inverse);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Clear(sbyte* first, sbyte* second, short* halfSums)
    {
        Unsafe.InitBlockUnaligned(first, 0, BlockLength / 2);
        Unsafe.InitBlockUnaligned(second, 0, BlockLength / 2);
        halfSums[0] = halfSums[1] = 0;
    }
}
