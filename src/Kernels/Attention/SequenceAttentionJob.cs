namespace LocalLlm.Kernels;

/// <summary>
/// Attention of whole sequences without a cache: every token sees all tokens of its own sequence (docs/arithmetic.md, "Attention of encoders"). One
/// text for every level: scores are computed for as many keys at a time as there are lanes, so that no lane ever adds up another's numbers.
/// </summary>
internal unsafe struct SequenceAttentionJob<TLanes> : IParallelJob
    where TLanes : unmanaged, IFloatLanes<TLanes>
{
    /// <summary>Queries, [tokens, Heads, HeadLength].</summary>
    public float* Queries;

    /// <summary>Keys, shaped like <see cref="Queries"/>.</summary>
    public float* Keys;

    /// <summary>Values, shaped like <see cref="Queries"/>.</summary>
    public float* Values;

    /// <summary>Result, shaped like <see cref="Queries"/>.</summary>
    public float* Output;

    /// <summary>What there is to do; index i of the job is head i mod Heads of block i / Heads.</summary>
    public List<QueryBlock> Blocks;

    /// <summary>Heads of queries, keys and values alike.</summary>
    public int Heads;

    /// <summary>Width of a head.</summary>
    public int HeadLength;

    /// <summary>Multiplies every score.</summary>
    public float Scale;

    /// <summary>Keys of a sequence turned on their side, and the scores of a tile of queries.</summary>
    public AttentionScratch Scratch;

    private readonly int Width => Heads * HeadLength;

    // Constants of the compiled code.
    private static bool HasVectors => TLanes.Count > 1;

    private static bool HasWideTiles => typeof(TLanes) == typeof(Avx512Lanes);

    /// <summary>Floats that a worker needs for sequences of up to <paramref name="longest"/> tokens.</summary>
    public static int ScratchFloats(int longest, int headLength) => checked((headLength + SequenceTile.WideRows) * Padded(longest));

    /// <inheritdoc/>
    public readonly void Run(int begin, int end, int worker)
    {
        float* turned = Scratch.Worker(worker);
        for (int i = begin; i < end; i++)
        {
            QueryBlock block = Blocks[i / Heads];
            int head = i % Heads * HeadLength;
            int padded = Padded(block.Length);
            KeyTurn.Run(Keys + ((long)block.Start * Width) + head, Width, block.Length, HeadLength, padded, turned, HasVectors);
            for (int done = 0, rows; done < block.Count; done += rows)
            {
                rows = HasWideTiles && block.Count - done > SequenceTile.Rows ? SequenceTile.WideRows : SequenceTile.Rows;
                Attend(block, block.First + done, rows, Math.Min(rows, block.Count - done), head, turned, padded);
            }
        }
    }

    // Whole pairs of vectors.
    private static int Padded(int length) => (length + 31) / 32 * 32;

    private readonly void Attend(in QueryBlock block, int first, int rows, int count, int head, float* turned, int padded)
    {
        // Where there are fewer queries than rows, the last one is computed again, to the same result.
        float** at = stackalloc float*[SequenceTile.WideRows];
        for (int r = 0; r < rows; r++)
        {
            at[r] = Queries + ((long)(first + Math.Min(r, count - 1)) * Width) + head;
        }
        float* scores = turned + ((long)HeadLength * padded);
        if (rows == SequenceTile.WideRows)
        {
            SequenceTile.ScoreWide<TLanes>(at, turned, HeadLength, padded, Scale, scores);
        }
        else
        {
            SequenceTile.Score<TLanes>(at, turned, HeadLength, padded, Scale, scores);
        }
        float* factors = stackalloc float[SequenceTile.WideRows];
        for (int r = 0; r < rows; r++)
        {
            factors[r] = Exponentiate(scores + ((long)r * padded), block.Length);
            at[r] = Output + (at[r] - Queries);
        }
        Weigh(Values + ((long)block.Start * Width) + head, block.Length, rows, scores, padded, factors, at);
    }

    /// <summary>Turns scores into e[j]; returns what results are multiplied with.</summary>
    private static float Exponentiate(float* scores, int length)
    {
        // Whole vectors: what fills up becomes 0, which changes no sum.
        int whole = (length + TLanes.Count - 1) / TLanes.Count * TLanes.Count;
        for (int j = length; j < whole; j++)
        {
            scores[j] = float.NegativeInfinity;
        }
        Softmax.Exponentiate<TLanes>(scores, whole, TLanes.Max(scores, whole));
        return 1 / TLanes.Sum(scores, whole);
    }

    private readonly void Weigh(float* values, int length, int rows, float* weights, int padded, float* factors, float** output)
    {
        int i = 0;
        for (; rows == SequenceTile.WideRows && i + (2 * TLanes.Count) <= HeadLength; i += 2 * TLanes.Count)
        {
            SequenceTile.WeighWide<TLanes>(values + i, Width, length, weights, padded, factors, output);
            Advance(output, rows, 2 * TLanes.Count);
        }
        for (; i + TLanes.Count <= HeadLength; i += TLanes.Count)
        {
            for (int r = 0; r < rows; r += SequenceTile.Rows)
            {
                SequenceTile.Weigh<TLanes>(values + i, Width, length, weights + ((long)r * padded), padded, factors + r, output + r);
            }
            Advance(output, rows, TLanes.Count);
        }
        for (; i < HeadLength; i++)
        {
            for (int r = 0; r < rows; r += SequenceTile.Rows)
            {
                SequenceTile.Weigh<ScalarLane>(values + i, Width, length, weights + ((long)r * padded), padded, factors + r, output + r);
            }
            Advance(output, rows, 1);
        }
    }

    private static void Advance(float** places, int rows, int by)
    {
        for (int r = 0; r < rows; r++)
        {
            places[r] += by;
        }
    }
}
