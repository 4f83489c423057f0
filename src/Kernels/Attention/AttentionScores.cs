using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LocalLlm.Kernels;

/// <summary>Scores of a block: dot products of the rows' queries with up to 32 keys, times the scale.</summary>
/// <typeparam name="TLanes">Registers.</typeparam>
/// <typeparam name="TElement">How the keys stand in memory.</typeparam>
internal static unsafe class AttentionScores<TLanes, TElement>
    where TLanes : unmanaged, ILanes16<TLanes>
    where TElement : struct, IKvElement
{
    // Keys at once: their dot products are folded together, and each loaded piece of a query meets four keys. A block is a multiple of it,
    // so that reading past a row's last position stays inside the block; those scores are never used.
    private const int KeysAtOnce = 4;

    /// <summary>Fills the scores of all rows for the block that begins at position <paramref name="first"/> of the tile.</summary>
    /// <param name="work">Queries, counts and scores.</param>
    /// <param name="rows">Rows of the group.</param>
    /// <param name="first">A multiple of 32.</param>
    /// <param name="keys">[32, length].</param>
    /// <param name="length">A multiple of 16.</param>
    /// <param name="scale">Multiplies each dot product.</param>
    public static void Run(in TileWorkspace work, int rows, int first, byte* keys, int length, float scale)
    {
        for (int row = 0; row < rows;)
        {
            bool pair = TLanes.PairsRows && row + 1 < rows;
            int count = pair ? Math.Max(work.Counts[row], work.Counts[row + 1]) : work.Counts[row];
            int positions = Math.Min(count - first, KvPool.BlockPositions);
            float* queries = work.Queries + ((long)row * length);
            float* scores = work.Scores + (row * AttentionCall.TilePositions) + first;
            if (pair)
            {
                Two(queries, keys, length, scale, positions, scores);
            }
            else
            {
                One(queries, keys, length, scale, positions, scores);
            }
            row += pair ? 2 : 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void One(float* query, byte* keys, int length, float scale, int positions, float* scores)
    {
        long stride = (long)length * TElement.Bytes;
        for (int j = 0; j < positions; j += KeysAtOnce)
        {
            byte* key0 = keys + (j * stride), key1 = key0 + stride, key2 = key1 + stride, key3 = key2 + stride;
            TLanes a0 = TLanes.Create(0), a1 = a0, a2 = a0, a3 = a0;
            for (int k = 0; k < length; k += TLanes.Count)
            {
                int at = k * TElement.Bytes;
                TLanes x = TLanes.Load(query + k);
                a0 = TLanes.Fma(x, TElement.Load<TLanes>(key0 + at), a0);
                a1 = TLanes.Fma(x, TElement.Load<TLanes>(key1 + at), a1);
                a2 = TLanes.Fma(x, TElement.Load<TLanes>(key2 + at), a2);
                a3 = TLanes.Fma(x, TElement.Load<TLanes>(key3 + at), a3);
            }
            (TLanes.Fold4(a0, a1, a2, a3) * Vector128.Create(scale)).Store(scores + j);
        }
    }

    /// <summary>Two rows at once: every loaded piece of a key meets both queries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Two(float* queries, byte* keys, int length, float scale, int positions, float* scores)
    {
        long stride = (long)length * TElement.Bytes;
        float* second = queries + length;
        for (int j = 0; j < positions; j += KeysAtOnce)
        {
            byte* key0 = keys + (j * stride), key1 = key0 + stride, key2 = key1 + stride, key3 = key2 + stride;
            TLanes a0 = TLanes.Create(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
            for (int k = 0; k < length; k += TLanes.Count)
            {
                int at = k * TElement.Bytes;
                TLanes x = TLanes.Load(queries + k), y = TLanes.Load(second + k);
                TLanes piece = TElement.Load<TLanes>(key0 + at);
                a0 = TLanes.Fma(x, piece, a0);
                b0 = TLanes.Fma(y, piece, b0);
                piece = TElement.Load<TLanes>(key1 + at);
                a1 = TLanes.Fma(x, piece, a1);
                b1 = TLanes.Fma(y, piece, b1);
                piece = TElement.Load<TLanes>(key2 + at);
                a2 = TLanes.Fma(x, piece, a2);
                b2 = TLanes.Fma(y, piece, b2);
                piece = TElement.Load<TLanes>(key3 + at);
                a3 = TLanes.Fma(x, piece, a3);
                b3 = TLanes.Fma(y, piece, b3);
            }
            (TLanes.Fold4(a0, a1, a2, a3) * Vector128.Create(scale)).Store(scores + j);
            (TLanes.Fold4(b0, b1, b2, b3) * Vector128.Create(scale)).Store(scores + AttentionCall.TilePositions + j);
        }
    }
}
