using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels.Dot;

/// <summary>The loop over the blocks of a row of activations, for any <see cref="IBlockQuantizer"/>.</summary>
internal static unsafe class ActivationQuantizer
{
    private const int BlockLength = QuantizedActivations.BlockLength;
    internal const float SmallestNormal = 1.17549435E-38f; // 2^-126

    // Steps between 0 and the largest value of a block: just below 127.5, so that the largest value still rounds to 127. A finer step leaves smaller errors.
    internal const float FinestSteps = 127.49f;

    private const uint Infinity = 0x7F80_0000;

    /// <summary>Quantizes one row into <paramref name="q"/>, whose shape is set; padding blocks included.</summary>
    /// <param name="x">Activations [q.Columns].</param>
    /// <param name="q">Where to.</param>
    /// <param name="row">Which row of <paramref name="q"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void QuantizeRow<TBlock>(float* x, QuantizedActivations q, int row)
        where TBlock : struct, IBlockQuantizer
    {
        float limit = OutlierList.Limit(TBlock.Dot(x, x, q.Columns), q.Columns);
        q.Outliers.Clear(row);
        float* spare = stackalloc float[QuantizedActivations.GroupLength];
        int used = q.Columns / BlockLength;
        for (int b = 0; b < used; b += QuantizedActivations.GroupBlocks)
        {
            int blocks = Math.Min(QuantizedActivations.GroupBlocks, used - b), column = b * BlockLength;
            GroupPlace place = new(q, row, b / QuantizedActivations.GroupBlocks);
            if (blocks == QuantizedActivations.GroupBlocks && TBlock.TryGroup(x + column, limit, place))
            {
                continue;
            }
            float* group = x + column;
            if (HasOutlier<TBlock>(group, blocks, limit))
            {
                Unsafe.CopyBlockUnaligned(spare, group, (uint)(blocks * BlockLength * sizeof(float)));
                q.Outliers.Take(row, column, new Span<float>(spare, blocks * BlockLength), limit);
                group = spare;
                if (blocks == QuantizedActivations.GroupBlocks && TBlock.TryGroup(group, float.PositiveInfinity, place))
                {
                    continue;
                }
            }
            for (int i = 0; i < blocks; i++)
            {
                QuantizeBlock<TBlock>(group + i * BlockLength, place, i);
            }
        }
        for (int b = used; b < q.Blocks; b++)
        {
            GroupPlace place = new(q, row, b / QuantizedActivations.GroupBlocks);
            // Minus zero is the one number that leaves every other as it is when added, -0 included.
            place.Clear(b % QuantizedActivations.GroupBlocks, -0f);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool HasOutlier<TBlock>(float* x, int blocks, float limit)
        where TBlock : struct, IBlockQuantizer
    {
        bool any = false;
        for (int i = 0; i < blocks; i++)
        {
            any |= BitConverter.UInt32BitsToSingle(TBlock.LargestMagnitude(x + i * BlockLength)) > limit;
        }
        return any;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void QuantizeBlock<TBlock>(float* x, in GroupPlace place, int block)
        where TBlock : struct, IBlockQuantizer
    {
        uint largest = TBlock.LargestMagnitude(x);
        float step = BitConverter.UInt32BitsToSingle(largest) / FinestSteps;
        if (largest >= Infinity)
        {
            // There is no quant for infinity or NaN. A NaN as scale makes them show in every result that depends on the block.
            place.Clear(block, float.NaN);
            return;
        }
        if (step < SmallestNormal)
        {
            place.Clear(block, 0);
            return;
        }
        float inverse = 1f / step;
        int first = TBlock.QuantizeHalf(x, inverse, place.First(block)), second = TBlock.QuantizeHalf(x + BlockLength / 2, inverse, place.Second(block));
        place.Store(block, step * TBlock.Fit(x, inverse), first, second);
    }
}
