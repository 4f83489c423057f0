using System.Numerics.Tensors;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Transformer;

/// <summary>
/// The forward pass of a BERT encoder (Devlin et al. 2018, arXiv:1810.04805): learned positions, attention in both directions, LayerNorm after each
/// residual and a GELU feed-forward, over a ragged batch of whole sequences. What a sequence computes does not depend on its neighbours. Not safe for several threads.
/// </summary>
public sealed class EncoderTransformer : IDisposable
{
    // Tokens of a slice: enough that preparing a panel of weights is a small part of the work that it serves, few enough that the results stay in the caches.
    private const int SliceTokens = 512;

    // Threads that share every operation on one sequence wait for each other, and read what others have written: they reach this part of what each of them does alone, in percent.
    private const int SharedPercent = 85;

    private readonly CpuOps _ops;
    private readonly NativeBuffer _x;
    private readonly UnpackedBlocks _blocks;
    private readonly EncoderBuffers[] _buffers;   // one for each thread
    private readonly WorkerPool[] _alone;         // for each thread one that consists of it
    private readonly EncoderStack[] _apart;
    private readonly EncoderStack _together;
    private readonly EncoderSlices _slices = new();

    /// <summary>Puts a model together.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="ops">Where operations run.</param>
    /// <param name="activations">Whether quantized weights meet 8-bit or float32 activations.</param>
    /// <param name="batchCapacity">Most tokens of one pass.</param>
    public EncoderTransformer(EncoderConfig config, EncoderWeights weights, CpuOps ops, ActivationType activations, int batchCapacity)
    {
        Config = config;
        Weights = weights;
        BatchCapacity = batchCapacity;
        bool quantize = activations == ActivationType.Q8;
        _ops = ops;
        _x = new NativeBuffer((long)config.EmbeddingLength * batchCapacity);
        _blocks = new UnpackedBlocks(weights.Blocks, ops, quantize);
        // The first serves whole passes as well, those that the threads share.
        _buffers = [.. Enumerable.Range(0, ops.Pool.Threads).Select(thread => new EncoderBuffers(config, thread == 0 ? batchCapacity : SliceCapacity(config, batchCapacity)))];
        _alone = [.. _buffers.Select(_ => new WorkerPool(1))];
        _apart = [.. _buffers.Zip(_alone, (buffers, thread) => new EncoderStack(config, _blocks.Blocks, new CpuOps(ops.Level, thread), quantize, buffers))];
        _together = new EncoderStack(config, _blocks.Blocks, ops, quantize, _buffers[0]);
    }

    /// <summary>The model's shape.</summary>
    public EncoderConfig Config { get; }

    /// <summary>The model's weights.</summary>
    public EncoderWeights Weights { get; }

    /// <summary>Most tokens of one pass.</summary>
    public int BatchCapacity { get; }

    /// <summary>Evaluates whole sequences.</summary>
    /// <param name="tokens">Token ids of all sequences, one after the other; at most <see cref="BatchCapacity"/>.</param>
    /// <param name="lengths">Tokens of each sequence, 1 to the context length; together as many as there are tokens.</param>
    /// <param name="cancellationToken">Looked at between blocks.</param>
    /// <returns>Final hidden states [tokens, embedding]; valid until the next call.</returns>
    /// <exception cref="ArgumentException">The lengths do not fit the tokens.</exception>
    public ReadOnlySpan<float> Forward(ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths, CancellationToken cancellationToken = default) =>
        Forward(tokens, lengths, lengths, cancellationToken);

    /// <summary>Evaluates whole sequences that may be pairs of texts.</summary>
    /// <param name="tokens">As for single texts.</param>
    /// <param name="lengths">As for single texts.</param>
    /// <param name="firsts">Tokens of each sequence that are of type 0, 0 to its length; the others, the second text of a pair, are of type 1.</param>
    /// <param name="cancellationToken">Looked at between blocks.</param>
    /// <returns>Final hidden states [tokens, embedding]; valid until the next call.</returns>
    /// <exception cref="ArgumentException">The lengths do not fit the tokens.</exception>
    public ReadOnlySpan<float> Forward(ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths, ReadOnlySpan<int> firsts, CancellationToken cancellationToken)
    {
        Span<float> x = _x.Span(tokens.Length * Config.EmbeddingLength);
        _ops.Embed(Weights.TokenEmbd, tokens, x);
        AddPositions(lengths, firsts, x);
        _ops.LayerNorm(x, Weights.TokenEmbdNorm.Weight, Weights.TokenEmbdNorm.Bias, Config.LayerNormEpsilon, x);
        _slices.Cut(lengths, Math.Min(SliceTokens, BatchCapacity), _ops.Pool.Threads);
        if (IsFasterTogether(tokens.Length))
        {
            _together.Run(x, lengths, cancellationToken);
        }
        else
        {
            RunApart(x, lengths, cancellationToken);
        }
        return x;
    }

    /// <summary>Whether sharing every operation of a batch takes less time than the slices, of which some thread may get more than others.</summary>
    private bool IsFasterTogether(int tokens)
    {
        int threads = _ops.Pool.Threads, rounds = (_slices.All.Count + threads - 1) / threads;
        return threads > 1 && tokens * 100L < (long)rounds * _slices.Largest * threads * SharedPercent;
    }

    private unsafe void RunApart(Span<float> x, ReadOnlySpan<int> lengths, CancellationToken cancellationToken)
    {
        fixed (float* px = x)
        fixed (int* pLengths = lengths)
        {
            SliceJob job = new() { Stacks = _apart, Slices = _slices.All, X = px, Width = Config.EmbeddingLength, Lengths = pLengths, Cancellation = cancellationToken };
            _ops.Pool.For(ref job, _slices.All.Count, 1);
        }
    }

    /// <summary>Frees the activation buffers and what was unpacked of the weights.</summary>
    public void Dispose()
    {
        foreach (WorkerPool thread in _alone)
        {
            thread.Dispose();
        }
        foreach (EncoderBuffers buffers in _buffers)
        {
            buffers.Dispose();
        }
        _blocks.Dispose();
        _x.Dispose();
    }

    /// <summary>Bytes that a transformer takes beside its weights.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="threads">Threads that compute.</param>
    /// <param name="batchCapacity">Most tokens of one pass.</param>
    public static long BufferBytes(EncoderConfig config, int threads, int batchCapacity) =>
        ((long)config.EmbeddingLength * sizeof(float) * batchCapacity)
        + (EncoderBuffers.FloatsPerToken(config) * sizeof(float) * (batchCapacity + ((long)SliceCapacity(config, batchCapacity) * (threads - 1))))
        + UnpackedBlocks.MostBytesOf(config);

    /// <summary>Tokens that a thread has buffers for: a slice, or a sequence of the model's whole context.</summary>
    private static int SliceCapacity(EncoderConfig config, int batchCapacity) => Math.Min(batchCapacity, Math.Max(config.ContextLength, SliceTokens));

    /// <summary>x += position embedding, counted from 0 in each sequence.</summary>
    private void AddPositions(ReadOnlySpan<int> lengths, ReadOnlySpan<int> firsts, Span<float> x)
    {
        int at = 0;
        for (int sequence = 0; sequence < lengths.Length; sequence++)
        {
            int length = lengths[sequence], count = length * Config.EmbeddingLength, first = firsts[sequence] * Config.EmbeddingLength;
            if (count < 1 || count > Weights.PositionEmbd.Length || count > x.Length - at)
            {
                throw new ArgumentException($"A sequence of {length} tokens does not fit: the model has {Config.ContextLength} positions, and the batch {x.Length / Config.EmbeddingLength} tokens.", nameof(lengths));
            }
            Span<float> rows = x.Slice(at, count);
            TensorPrimitives.Add(rows[..first], Weights.PositionEmbd.AsSpan(0, first), rows[..first]);
            TensorPrimitives.Add(rows[first..], Weights.SecondPositionEmbd.AsSpan(first, count - first), rows[first..]);
            at += count;
        }
        if (at != x.Length)
        {
            throw new ArgumentException($"The sequences have {at / Config.EmbeddingLength} tokens together, the batch has {x.Length / Config.EmbeddingLength}.", nameof(lengths));
        }
    }

    private unsafe struct SliceJob : IParallelJob
    {
        public EncoderStack[] Stacks;
        public IReadOnlyList<EncoderSlice> Slices;
        public float* X;
        public int Width;
        public int* Lengths;
        public CancellationToken Cancellation;

        public readonly void Run(int begin, int end, int worker)
        {
            for (int i = begin; i < end; i++)
            {
                EncoderSlice slice = Slices[i];
                Span<float> x = new(X + ((long)slice.FirstToken * Width), slice.Tokens * Width);
                Stacks[worker].Run(x, new(Lengths + slice.FirstSequence, slice.Sequences), Cancellation);
            }
        }
    }
}
