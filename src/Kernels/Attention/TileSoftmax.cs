using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>
/// The exponentials of a tile's scores: m, e and l of docs/arithmetic.md. First the maxima of all rows, then all exponentials: a row's steps
/// wait for each other, the rows do not.
/// </summary>
internal static unsafe class TileSoftmax
{
    /// <summary>Replaces the scores of every row that sees the tile by exp(score - max).</summary>
    /// <param name="work">Scores and counts; the rest of a row's last group of sixteen becomes 0.</param>
    /// <param name="rows">Rows of the group.</param>
    /// <param name="result">Takes the largest score of each row, and the sum of its exponentials by the law of sixteen lanes.</param>
    public static void Run<TLanes>(in TileWorkspace work, int rows, in TileSums result)
        where TLanes : unmanaged, ILanes16<TLanes>
    {
        Maxima<TLanes>(work.Scores, work.Counts, rows, result.Max);
        Exponentials<TLanes>(work.Scores, work.Counts, rows, result.Max, result.Sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Maxima<TLanes>(float* scores, int* counts, int rows, float* maxima)
        where TLanes : unmanaged, ILanes16<TLanes>
    {
        for (int row = 0; row < rows; row++, scores += AttentionCall.TilePositions)
        {
            int count = counts[row], padded = AttentionCall.Padded(count);
            for (int j = count; j < padded; j++)
            {
                scores[j] = float.NegativeInfinity; // whose exponential, +0, changes no sum
            }
            TLanes largest = TLanes.Create(float.NegativeInfinity);
            for (int j = 0; j < padded; j += 16)
            {
                largest = TLanes.Max(TLanes.Load(scores + j), largest);
            }
            maxima[row] = largest.FoldMax();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Exponentials<TLanes>(float* scores, int* counts, int rows, float* maxima, float* sums)
        where TLanes : unmanaged, ILanes16<TLanes>
    {
        for (int row = 0; row < rows; row++, scores += AttentionCall.TilePositions)
        {
            int padded = AttentionCall.Padded(counts[row]);
            TLanes max = TLanes.Create(maxima[row]), sum = TLanes.Create(0);
            for (int j = 0; j < padded; j += 16)
            {
                TLanes e = Exponential.Exp(TLanes.Load(scores + j) - max);
                e.Store(scores + j);
                sum += e;
            }
            sums[row] = sum.Fold();
        }
    }
}
