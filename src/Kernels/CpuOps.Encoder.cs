namespace LocalLlm.Kernels;

public sealed unsafe partial class CpuOps
{
    // Queries of a block: enough that turning the keys costs little beside, few enough that one long sequence feeds many threads.
    private const int QueriesPerBlock = 128;

    private readonly List<QueryBlock> _queryBlocks = [];

    /// <summary>LayerNorm of rows: y = (x - mean(x)) / sqrt(variance(x) + eps) * weight + bias. A row is as long as the weight.</summary>
    /// <param name="x">Input, [rows, weight.Length].</param>
    /// <param name="weight">Learned scale; not empty.</param>
    /// <param name="bias">Learned shift, as long as the weight.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="y">Result, as long as x; may be x.</param>
    /// <exception cref="ArgumentException">The lengths do not fit together.</exception>
    public void LayerNorm(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, float eps, Span<float> y)
    {
        if (weight.IsEmpty || x.Length % weight.Length != 0)
        {
            throw new ArgumentException($"LayerNorm needs rows as long as its weight, {weight.Length}; {x.Length} numbers are none.", nameof(x));
        }
        RequireLength(bias.Length, weight.Length, nameof(bias));
        RequireLength(y.Length, x.Length, nameof(y));
        fixed (float* xs = x, weights = weight, biases = bias, ys = y)
        {
            int rows = x.Length / weight.Length, columns = weight.Length;
            switch (_intrinsics)
            {
                case SimdLevel.Scalar:
                    For(new LayerNormJob<ScalarLane> { X = xs, Weight = weights, Bias = biases, Epsilon = eps, Y = ys, Columns = columns }, rows, columns);
                    break;
                case SimdLevel.Avx512:
                    For(new LayerNormJob<Avx512Lanes> { X = xs, Weight = weights, Bias = biases, Epsilon = eps, Y = ys, Columns = columns }, rows, columns);
                    break;
                default:
                    For(new LayerNormJob<Avx2Lanes> { X = xs, Weight = weights, Bias = biases, Epsilon = eps, Y = ys, Columns = columns }, rows, columns);
                    break;
            }
        }
    }

    /// <summary>y[i] = gelu(x[i]) = x[i] * (1 + erf(x[i] / sqrt 2)) / 2. y may be x.</summary>
    /// <param name="x">[n].</param>
    /// <param name="y">Result, [n].</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void Gelu(ReadOnlySpan<float> x, Span<float> y)
    {
        RequireLength(y.Length, x.Length, nameof(y));
        fixed (float* xs = x, ys = y)
        {
            Map<GeluFunction>(xs, xs, ys, x.Length);
        }
    }

    /// <summary>Attention of whole sequences without a cache: every token sees all tokens of its own sequence, before and after it.</summary>
    /// <param name="q">Queries, [tokens, heads, headLength].</param>
    /// <param name="k">Keys, shaped alike.</param>
    /// <param name="v">Values, shaped alike.</param>
    /// <param name="lengths">Tokens of each sequence, at least 1; the sequences follow each other in the batch.</param>
    /// <param name="heads">Heads of queries, keys and values alike.</param>
    /// <param name="headLength">Width of a head.</param>
    /// <param name="scale">Multiplies every score, usually 1 / sqrt(headLength).</param>
    /// <param name="output">Result, shaped like the queries.</param>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    public void SequenceAttention(
        ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v, ReadOnlySpan<int> lengths, int heads, int headLength, float scale, Span<float> output)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(headLength, 1);
        int longest = CutIntoBlocks(lengths, out int tokens);
        long expected = (long)tokens * heads * headLength;
        RequireLength(q.Length, expected, nameof(q));
        RequireLength(k.Length, expected, nameof(k));
        RequireLength(v.Length, expected, nameof(v));
        RequireLength(output.Length, expected, nameof(output));
        fixed (float* queries = q, keys = k, values = v, result = output)
        {
            switch (_intrinsics)
            {
                case SimdLevel.Scalar:
                    AttendSequences<ScalarLane>(queries, keys, values, result, longest, heads, headLength, scale);
                    break;
                case SimdLevel.Avx512:
                    AttendSequences<Avx512Lanes>(queries, keys, values, result, longest, heads, headLength, scale);
                    break;
                default:
                    AttendSequences<Avx2Lanes>(queries, keys, values, result, longest, heads, headLength, scale);
                    break;
            }
        }
    }

    private void AttendSequences<TLanes>(float* q, float* k, float* v, float* output, int longest, int heads, int headLength, float scale)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        _attentionScratch.Reserve(Pool.Threads, SequenceAttentionJob<TLanes>.ScratchFloats(longest, headLength), 0);
        SequenceAttentionJob<TLanes> job = new()
        {
            Queries = q,
            Keys = k,
            Values = v,
            Output = output,
            Blocks = _queryBlocks,
            Heads = heads,
            HeadLength = headLength,
            Scale = scale,
            Scratch = _attentionScratch,
        };
        Pool.For(ref job, checked(_queryBlocks.Count * heads), 1);
    }

    /// <summary>Fills the list of blocks; returns the longest sequence's tokens.</summary>
    private int CutIntoBlocks(ReadOnlySpan<int> lengths, out int tokens)
    {
        _queryBlocks.Clear();
        tokens = 0;
        int longest = 0;
        foreach (int length in lengths)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(length, 1, nameof(lengths));
            for (int first = 0; first < length; first += QueriesPerBlock)
            {
                _queryBlocks.Add(new QueryBlock(tokens, length, tokens + first, Math.Min(QueriesPerBlock, length - first)));
            }
            tokens = checked(tokens + length);
            longest = Math.Max(longest, length);
        }
        return longest;
    }
}
