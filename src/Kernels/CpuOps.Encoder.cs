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
    public void LayerNorm(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, float eps, Span<float> y) =>
        AddLayerNorm(x, default, default, weight, bias, eps, y);

    /// <summary>
    /// LayerNorm of rows that something is added to first, such as a residual's other branch: y = norm(x + (addend + addendBias)), each sum rounded once.
    /// </summary>
    /// <param name="x">Input, [rows, weight.Length].</param>
    /// <param name="addend">What is added, as long as x; or empty.</param>
    /// <param name="addendBias">Its bias, as long as the weight; or empty.</param>
    /// <param name="weight">Learned scale; not empty.</param>
    /// <param name="bias">Learned shift, as long as the weight.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="y">Result, as long as x; may be x.</param>
    /// <exception cref="ArgumentException">The lengths do not fit together.</exception>
    public void AddLayerNorm(
        ReadOnlySpan<float> x, ReadOnlySpan<float> addend, ReadOnlySpan<float> addendBias, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, float eps, Span<float> y)
    {
        if (weight.IsEmpty || x.Length % weight.Length != 0)
        {
            throw new ArgumentException($"LayerNorm needs rows as long as its weight, {weight.Length}; {x.Length} numbers are none.", nameof(x));
        }
        RequireLength(bias.Length, weight.Length, nameof(bias));
        RequireLength(y.Length, x.Length, nameof(y));
        RequireLength(addend.Length, addend.IsEmpty ? 0 : x.Length, nameof(addend));
        RequireLength(addendBias.Length, addendBias.IsEmpty ? 0 : weight.Length, nameof(addendBias));
        fixed (float* xs = x, addends = addend, addendBiases = addendBias, weights = weight, biases = bias, ys = y)
        {
            switch (_intrinsics)
            {
                case SimdLevel.Scalar:
                    NormRows<ScalarLane>(xs, addends, addendBiases, weights, biases, eps, ys, x.Length, weight.Length);
                    break;
                case SimdLevel.Avx512:
                    NormRows<Avx512Lanes>(xs, addends, addendBiases, weights, biases, eps, ys, x.Length, weight.Length);
                    break;
                default:
                    NormRows<Avx2Lanes>(xs, addends, addendBiases, weights, biases, eps, ys, x.Length, weight.Length);
                    break;
            }
        }
    }

    private void NormRows<TLanes>(float* x, float* addend, float* addendBias, float* weight, float* bias, float eps, float* y, int length, int columns)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        LayerNormJob<TLanes> job = new() { X = x, Addend = addend, AddendBias = addendBias, Weight = weight, Bias = bias, Epsilon = eps, Y = y, Columns = columns };
        For(job, length / columns, columns);
    }

    /// <summary>y[r, i] = gelu(x[r, i] + bias[i]), where gelu(v) = v * (1 + erf(v / sqrt 2)) / 2. y may be x.</summary>
    /// <param name="x">[rows, columns].</param>
    /// <param name="columns">Length of a row, at least 1.</param>
    /// <param name="bias">[columns]; or empty, for none.</param>
    /// <param name="y">Result, as long as x.</param>
    /// <exception cref="ArgumentException">The lengths do not fit together.</exception>
    public void Gelu(ReadOnlySpan<float> x, int columns, ReadOnlySpan<float> bias, Span<float> y)
    {
        if (columns < 1 || x.Length % columns != 0)
        {
            throw new ArgumentException($"{x.Length} numbers are no rows of {columns}.", nameof(x));
        }
        RequireLength(y.Length, x.Length, nameof(y));
        RequireLength(bias.Length, bias.IsEmpty ? 0 : columns, nameof(bias));
        fixed (float* xs = x, biases = bias, ys = y)
        {
            int rows = x.Length / columns;
            switch (_intrinsics)
            {
                case SimdLevel.Scalar:
                    For(new GeluJob<ScalarLane> { X = xs, Bias = biases, Y = ys, Columns = columns }, rows, columns);
                    break;
                case SimdLevel.Avx512:
                    For(new GeluJob<Avx512Lanes> { X = xs, Bias = biases, Y = ys, Columns = columns }, rows, columns);
                    break;
                default:
                    For(new GeluJob<Avx2Lanes> { X = xs, Bias = biases, Y = ys, Columns = columns }, rows, columns);
                    break;
            }
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
