using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>
/// Attention of whole sequences without a cache: every token sees all tokens of its own sequence (docs/arithmetic.md, "Attention of encoders"). One
/// text for every level: scores are computed for as many keys at a time as there are lanes, so that no lane ever adds up another's numbers.
/// </summary>
internal unsafe struct SequenceAttentionJob<TLanes> : IParallelJob
    where TLanes : unmanaged, IFloatLanes<TLanes>
{
    // Queries at a time: each key and value that is loaded serves all of them.
    private const int Rows = 4;

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

    /// <summary>Keys of a sequence turned on their side, and the scores of <see cref="Rows"/> queries.</summary>
    public AttentionScratch Scratch;

    private readonly int Width => Heads * HeadLength;

    /// <summary>Floats that a worker needs for sequences of up to <paramref name="longest"/> tokens.</summary>
    public static int ScratchFloats(int longest, int headLength) => checked((headLength + Rows) * Padded(longest));

    /// <inheritdoc/>
    public readonly void Run(int begin, int end, int worker)
    {
        float* turned = Scratch.Worker(worker);
        for (int i = begin; i < end; i++)
        {
            QueryBlock block = Blocks[i / Heads];
            int head = i % Heads * HeadLength;
            int padded = Padded(block.Length);
            float* scores = turned + ((long)HeadLength * padded);
            Turn(Keys + ((long)block.Start * Width) + head, block.Length, padded, turned);
            for (int first = 0; first < block.Count; first += Rows)
            {
                Attend(block, block.First + first, Math.Min(Rows, block.Count - first), head, turned, padded, scores);
            }
        }
    }

    private static int Padded(int length) => (length + 15) / 16 * 16;

    private readonly void Attend(in QueryBlock block, int first, int count, int head, float* turned, int padded, float* scores)
    {
        // Where there are fewer queries than rows, the last one is computed again, to the same result.
        long* at = stackalloc long[Rows];
        for (int r = 0; r < Rows; r++)
        {
            at[r] = ((long)(first + Math.Min(r, count - 1)) * Width) + head;
        }
        Score(at, turned, block.Length, padded, scores);
        float* factors = stackalloc float[Rows];
        for (int r = 0; r < Rows; r++)
        {
            float* row = scores + ((long)r * padded);
            Softmax.Exponentiate<TLanes>(row, block.Length, TLanes.Max(row, block.Length));
            factors[r] = 1 / TLanes.Sum(row, block.Length);
        }
        float* values = Values + ((long)block.Start * Width) + head;
        int i = 0;
        for (; i + TLanes.Count <= HeadLength; i += TLanes.Count)
        {
            Weigh<TLanes>(values + i, block.Length, padded, scores, factors, at, i);
        }
        for (; i < HeadLength; i++)
        {
            Weigh<ScalarLane>(values + i, block.Length, padded, scores, factors, at, i);
        }
    }

    /// <summary>Writes the keys of a head as [HeadLength, padded]: neighbours are the same number of neighbouring keys; zeros fill up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void Turn(float* keys, int length, int padded, float* turned)
    {
        for (int d = 0; d < HeadLength; d++)
        {
            float* row = turned + ((long)d * padded);
            for (int j = 0; j < length; j++)
            {
                row[j] = keys[((long)j * Width) + d];
            }
            new Span<float>(row + length, padded - length).Clear();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void Score(long* at, float* turned, int length, int padded, float* scores)
    {
        float* q0 = Queries + at[0], q1 = Queries + at[1], q2 = Queries + at[2], q3 = Queries + at[3];
        TLanes scales = TLanes.Create(Scale);
        for (int j = 0; j < length; j += TLanes.Count)
        {
            TLanes s0 = TLanes.Create(0), s1 = s0, s2 = s0, s3 = s0;
            for (int d = 0; d < HeadLength; d++)
            {
                TLanes key = TLanes.Load(turned + ((long)d * padded) + j);
                s0 = TLanes.Fma(TLanes.Create(q0[d]), key, s0);
                s1 = TLanes.Fma(TLanes.Create(q1[d]), key, s1);
                s2 = TLanes.Fma(TLanes.Create(q2[d]), key, s2);
                s3 = TLanes.Fma(TLanes.Create(q3[d]), key, s3);
            }
            (s0 * scales).Store(scores + j);
            (s1 * scales).Store(scores + padded + j);
            (s2 * scales).Store(scores + (2L * padded) + j);
            (s3 * scales).Store(scores + (3L * padded) + j);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void Weigh<T>(float* values, int length, int padded, float* scores, float* factors, long* at, int i)
        where T : unmanaged, IFloatLanes<T>
    {
        float* e0 = scores, e1 = e0 + padded, e2 = e1 + padded, e3 = e2 + padded;
        T a0 = T.Create(0), a1 = a0, a2 = a0, a3 = a0;
        for (int j = 0; j < length; j++)
        {
            T value = T.Load(values + ((long)j * Width));
            a0 = T.Fma(T.Create(e0[j]), value, a0);
            a1 = T.Fma(T.Create(e1[j]), value, a1);
            a2 = T.Fma(T.Create(e2[j]), value, a2);
            a3 = T.Fma(T.Create(e3[j]), value, a3);
        }
        (a0 * T.Create(factors[0])).Store(Output + at[0] + i);
        (a1 * T.Create(factors[1])).Store(Output + at[1] + i);
        (a2 * T.Create(factors[2])).Store(Output + at[2] + i);
        (a3 * T.Create(factors[3])).Store(Output + at[3] + i);
    }
}
