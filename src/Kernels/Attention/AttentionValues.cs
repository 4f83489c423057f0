using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>
/// Adds the weighted values of a block to the rows' sums, position by position. A stretch of the sum stays in registers while the
/// block's positions go by.
/// </summary>
/// <typeparam name="TLanes">Registers.</typeparam>
/// <typeparam name="TElement">How the values stand in memory.</typeparam>
internal static unsafe class AttentionValues<TLanes, TElement>
    where TLanes : unmanaged, ILanes16<TLanes>
    where TElement : struct, IKvElement
{
    private const int Stretch = 64; // numbers of a sum in registers: 4 of 512 bits or 8 of 256

    /// <summary>Adds the block that begins at position <paramref name="first"/> of the tile to the sums of all rows that see it.</summary>
    /// <param name="work">Weights (in place of the scores) and counts.</param>
    /// <param name="rows">Rows of the group.</param>
    /// <param name="first">A multiple of 32.</param>
    /// <param name="values">[32, result.Stride].</param>
    /// <param name="result">The sums.</param>
    public static void Run(in TileWorkspace work, int rows, int first, byte* values, in TileSums result)
    {
        for (int row = 0; row < rows; row++)
        {
            float* weights = work.Scores + (row * AttentionCall.TilePositions) + first;
            int count = Seen(work, row, first);
            if (TLanes.PairsRows && row + 1 < rows)
            {
                // A value that only one row sees must not meet the other, not even with weight 0: it may be infinite.
                int next = Seen(work, row + 1, first), both = Math.Min(count, next);
                Two(weights, 0, both, values, result.Row(row), result.Stride);
                One(weights, both, count, values, result.Row(row), result.Stride);
                row++;
                One(weights + AttentionCall.TilePositions, both, next, values, result.Row(row), result.Stride);
            }
            else
            {
                One(weights, 0, count, values, result.Row(row), result.Stride);
            }
        }
    }

    /// <summary>Positions of the block that a row sees.</summary>
    private static int Seen(in TileWorkspace work, int row, int first) => Math.Clamp(work.Counts[row] - first, 0, KvPool.BlockPositions);

    /// <summary>sum[i] += weights[j] * values[j][i] for begin &lt;= j &lt; end, fused.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void One(float* weights, int begin, int end, byte* values, float* sum, int length)
    {
        if (begin >= end)
        {
            return;
        }
        int stride = length * TElement.Bytes, i = 0;
        for (; i + Stretch <= length; i += Stretch)
        {
            TLanes a0 = TLanes.Load(sum + i), a1 = TLanes.Load(sum + i + 16), a2 = TLanes.Load(sum + i + 32), a3 = TLanes.Load(sum + i + 48);
            for (int j = begin; j < end; j++)
            {
                byte* value = values + (j * stride) + (i * TElement.Bytes);
                TLanes weight = TLanes.Create(weights[j]);
                a0 = TLanes.Fma(weight, TElement.Load<TLanes>(value), a0);
                a1 = TLanes.Fma(weight, TElement.Load<TLanes>(value + (16 * TElement.Bytes)), a1);
                a2 = TLanes.Fma(weight, TElement.Load<TLanes>(value + (32 * TElement.Bytes)), a2);
                a3 = TLanes.Fma(weight, TElement.Load<TLanes>(value + (48 * TElement.Bytes)), a3);
            }
            a0.Store(sum + i);
            a1.Store(sum + i + 16);
            a2.Store(sum + i + 32);
            a3.Store(sum + i + 48);
        }
        for (; i < length; i += 16)
        {
            TLanes a = TLanes.Load(sum + i);
            for (int j = begin; j < end; j++)
            {
                a = TLanes.Fma(TLanes.Create(weights[j]), TElement.Load<TLanes>(values + (j * stride) + (i * TElement.Bytes)), a);
            }
            a.Store(sum + i);
        }
    }

    /// <summary>Two rows at once: every loaded piece of a value meets both weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Two(float* weights, int begin, int end, byte* values, float* sums, int length)
    {
        if (begin >= end)
        {
            return;
        }
        int stride = length * TElement.Bytes, i = 0;
        float* nextWeights = weights + AttentionCall.TilePositions;
        for (; i + Stretch <= length; i += Stretch)
        {
            float* a = sums + i, b = a + length;
            TLanes a0 = TLanes.Load(a), a1 = TLanes.Load(a + 16), a2 = TLanes.Load(a + 32), a3 = TLanes.Load(a + 48);
            TLanes b0 = TLanes.Load(b), b1 = TLanes.Load(b + 16), b2 = TLanes.Load(b + 32), b3 = TLanes.Load(b + 48);
            for (int j = begin; j < end; j++)
            {
                byte* value = values + (j * stride) + (i * TElement.Bytes);
                TLanes x = TLanes.Create(weights[j]), y = TLanes.Create(nextWeights[j]);
                TLanes piece = TElement.Load<TLanes>(value);
                a0 = TLanes.Fma(x, piece, a0);
                b0 = TLanes.Fma(y, piece, b0);
                piece = TElement.Load<TLanes>(value + (16 * TElement.Bytes));
                a1 = TLanes.Fma(x, piece, a1);
                b1 = TLanes.Fma(y, piece, b1);
                piece = TElement.Load<TLanes>(value + (32 * TElement.Bytes));
                a2 = TLanes.Fma(x, piece, a2);
                b2 = TLanes.Fma(y, piece, b2);
                piece = TElement.Load<TLanes>(value + (48 * TElement.Bytes));
                a3 = TLanes.Fma(x, piece, a3);
                b3 = TLanes.Fma(y, piece, b3);
            }
            a0.Store(a);
            a1.Store(a + 16);
            a2.Store(a + 32);
            a3.Store(a + 48);
            b0.Store(b);
            b1.Store(b + 16);
            b2.Store(b + 32);
            b3.Store(b + 48);
        }
        for (; i < length; i += 16)
        {
            TLanes a = TLanes.Load(sums + i), b = TLanes.Load(sums + length + i);
            for (int j = begin; j < end; j++)
            {
                TLanes piece = TElement.Load<TLanes>(values + (j * stride) + (i * TElement.Bytes));
                a = TLanes.Fma(TLanes.Create(weights[j]), piece, a);
                b = TLanes.Fma(TLanes.Create(nextWeights[j]), piece, b);
            }
            a.Store(sums + i);
            b.Store(sums + length + i);
        }
    }
}
