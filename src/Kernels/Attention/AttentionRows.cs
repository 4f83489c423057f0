namespace LocalLlm.Kernels;

/// <summary>Takes a group's rows through a block of widened keys or values, as many at once as the kernel wants.</summary>
internal static unsafe class AttentionRows<TKernel>
    where TKernel : struct, IAttentionKernel
{
    /// <summary>Scores of all rows with the keys of the block that begins at position <paramref name="first"/> of the tile.</summary>
    /// <param name="work">Queries, widened keys, counts and scores.</param>
    /// <param name="rows">Rows of the group.</param>
    /// <param name="first">A multiple of 32.</param>
    /// <param name="length">Of a widened key, a multiple of 16.</param>
    /// <param name="scale">Multiplies each dot product.</param>
    public static void Score(in TileWorkspace work, int rows, int first, int length, float scale)
    {
        for (int row = 0, taken; row < rows; row += taken)
        {
            taken = TKernel.RowsAtOnce(rows - row);
            int seen = 0;
            for (int i = row; i < row + taken; i++)
            {
                seen = Math.Max(seen, Seen(work, i, first));
            }
            TKernel.Score(
                taken, work.Queries + ((long)row * length), work.Widened, length, scale, seen,
                work.Scores + (row * AttentionCall.TilePositions) + first);
        }
    }

    /// <summary>Adds the weighted values of the block that begins at position <paramref name="first"/> of the tile to the sums of all rows that see it.</summary>
    /// <param name="work">Weights (in place of the scores), widened values and counts.</param>
    /// <param name="rows">Rows of the group.</param>
    /// <param name="first">A multiple of 32.</param>
    /// <param name="result">The sums.</param>
    public static void Weigh(in TileWorkspace work, int rows, int first, in TileSums result)
    {
        int length = result.Stride;
        for (int row = 0, taken; row < rows; row += taken)
        {
            taken = TKernel.RowsAtOnce(rows - row);
            int all = KvPool.BlockPositions;
            for (int i = row; i < row + taken; i++)
            {
                all = Math.Min(all, Seen(work, i, first));
            }
            float* weights = work.Scores + (row * AttentionCall.TilePositions) + first;
            TKernel.Weigh(taken, weights, all, work.Widened, length, result.Row(row));
            // A value that only some rows see must not meet the others, not even with weight 0: it may be infinite.
            for (int i = row; i < row + taken; i++, weights += AttentionCall.TilePositions)
            {
                int seen = Seen(work, i, first);
                if (seen > all)
                {
                    TKernel.Weigh(1, weights + all, seen - all, work.Widened + ((long)all * length), length, result.Row(i));
                }
            }
        }
    }

    /// <summary>Positions of the block that a row sees.</summary>
    private static int Seen(in TileWorkspace work, int row, int first) => Math.Clamp(work.Counts[row] - first, 0, KvPool.BlockPositions);
}
