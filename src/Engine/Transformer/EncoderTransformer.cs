using System.Numerics.Tensors;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Transformer;

/// <summary>
/// The forward pass of a BERT encoder (Devlin et al. 2018, arXiv:1810.04805): learned positions, attention in both directions, LayerNorm after each
/// residual and a GELU feed-forward, over a ragged batch of whole sequences. What a sequence computes does not depend on its neighbours. Not safe for several threads.
/// </summary>
public sealed class EncoderTransformer : IDisposable
{
    private readonly CpuOps _ops;
    private readonly EncoderBuffers _buffers;
    private readonly bool _quantizeActivations;

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
        _ops = ops;
        _quantizeActivations = activations == ActivationType.Q8;
        _buffers = new EncoderBuffers(config, batchCapacity);
    }

    /// <summary>The model's shape.</summary>
    public EncoderConfig Config { get; }

    /// <summary>The model's weights.</summary>
    public EncoderWeights Weights { get; }

    /// <summary>Most tokens of one pass.</summary>
    public int BatchCapacity => _buffers.Capacity;

    /// <summary>Evaluates whole sequences.</summary>
    /// <param name="tokens">Token ids of all sequences, one after the other; at most <see cref="BatchCapacity"/>.</param>
    /// <param name="lengths">Tokens of each sequence, 1 to the context length; together as many as there are tokens.</param>
    /// <param name="cancellationToken">Looked at between blocks.</param>
    /// <returns>Final hidden states [tokens, embedding]; valid until the next call.</returns>
    /// <exception cref="ArgumentException">The lengths do not fit the tokens.</exception>
    public ReadOnlySpan<float> Forward(ReadOnlySpan<int> tokens, ReadOnlySpan<int> lengths, CancellationToken cancellationToken = default)
    {
        Span<float> x = _buffers.X(tokens.Length);
        _ops.Embed(Weights.TokenEmbd, tokens, x);
        AddPositions(lengths, x);
        Norm(Weights.TokenEmbdNorm, x);
        foreach (EncoderBlockWeights block in Weights.Blocks)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Attend(block, lengths, tokens.Length, x);
            FeedForward(block, tokens.Length, x);
        }
        return x;
    }

    /// <summary>Frees the activation buffers.</summary>
    public void Dispose() => _buffers.Dispose();

    /// <summary>x += position embedding, counted from 0 in each sequence.</summary>
    private void AddPositions(ReadOnlySpan<int> lengths, Span<float> x)
    {
        int at = 0;
        foreach (int length in lengths)
        {
            int count = length * Config.EmbeddingLength;
            if (count < 1 || count > Weights.PositionEmbd.Length || count > x.Length - at)
            {
                throw new ArgumentException($"A sequence of {length} tokens does not fit: the model has {Config.ContextLength} positions, and the batch {x.Length / Config.EmbeddingLength} tokens.", nameof(lengths));
            }
            Span<float> rows = x.Slice(at, count);
            TensorPrimitives.Add(rows, Weights.PositionEmbd.AsSpan(0, count), rows);
            at += count;
        }
        if (at != x.Length)
        {
            throw new ArgumentException($"The sequences have {at / Config.EmbeddingLength} tokens together, the batch has {x.Length / Config.EmbeddingLength}.", nameof(lengths));
        }
    }

    /// <summary>x = norm(x + W_o attention(x)).</summary>
    private void Attend(EncoderBlockWeights w, ReadOnlySpan<int> lengths, int n, Span<float> x)
    {
        Span<float> q = _buffers.Q(n), k = _buffers.K(n), v = _buffers.V(n), mixed = _buffers.Mixed(n);
        QuantizedActivations? quantized = Quantize(x, w.AttnQ, w.AttnK, w.AttnV);
        _ops.MatMul(x, quantized, new(w.AttnQ, w.AttnQBias, q), new(w.AttnK, w.AttnKBias, k), new(w.AttnV, w.AttnVBias, v));
        _ops.SequenceAttention(q, k, v, lengths, Config.HeadCount, Config.HeadLength, 1f / MathF.Sqrt(Config.HeadLength), mixed);
        _ops.MatMul(w.AttnOutput, mixed, Quantize(mixed, w.AttnOutput), w.AttnOutputBias, q);
        _ops.Add(q, x);
        Norm(w.AttnOutputNorm, x);
    }

    /// <summary>x = norm(x + W_down gelu(W_up x)).</summary>
    private void FeedForward(EncoderBlockWeights w, int n, Span<float> x)
    {
        Span<float> inner = _buffers.Inner(n), back = _buffers.Q(n);
        _ops.MatMul(w.FfnUp, x, Quantize(x, w.FfnUp), w.FfnUpBias, inner);
        _ops.Gelu(inner, inner);
        _ops.MatMul(w.FfnDown, inner, Quantize(inner, w.FfnDown), w.FfnDownBias, back);
        _ops.Add(back, x);
        Norm(w.LayerOutputNorm, x);
    }

    private void Norm(LayerNormWeights norm, Span<float> x) => _ops.LayerNorm(x, norm.Weight, norm.Bias, Config.LayerNormEpsilon, x);

    /// <summary>Quantizes a matrix input if one of its matrices has an integer kernel; null otherwise.</summary>
    private QuantizedActivations? Quantize(ReadOnlySpan<float> x, params ReadOnlySpan<WeightMatrix> consumers)
    {
        foreach (ref readonly WeightMatrix w in consumers)
        {
            if (_quantizeActivations && _ops.HasIntegerKernel(w.Type))
            {
                _ops.Quantize(x, w.Columns, _buffers.Quantized);
                return _buffers.Quantized;
            }
        }
        return null;
    }
}
