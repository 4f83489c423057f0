using LocalLlm.Kernels;

namespace LocalLlm.Engine.Transformer;

/// <summary>
/// What a forward pass is doing now: one native allocation per buffer, made once for the largest batch and used by every pass.
/// n is the number of tokens of the batch.
/// </summary>
public sealed class ActivationBuffers : IDisposable
{
    private readonly List<NativeBuffer> _owned = [];
    private readonly TransformerConfig _config;
    private readonly NativeBuffer _x, _normed, _q, _k, _v, _attention, _gate, _up, _cosSin;

    /// <summary>Allocates for batches of up to <paramref name="capacity"/> tokens.</summary>
    public ActivationBuffers(TransformerConfig config, int capacity)
    {
        _config = config;
        Capacity = capacity;
        _x = Own(config.EmbeddingLength);
        _normed = Own(config.EmbeddingLength);
        _q = Own(config.HeadCount * config.KeyLength);
        _k = Own(config.HeadCountKv * config.KeyLength);
        _v = Own(config.HeadCountKv * config.ValueLength);
        _attention = Own(config.HeadCount * config.ValueLength);
        _gate = Own(config.FeedForwardLength);
        _up = Own(config.FeedForwardLength);
        _cosSin = Own(config.RopeDimensionCount);
        int widest = Math.Max(Math.Max(config.EmbeddingLength, config.FeedForwardLength), config.HeadCount * config.ValueLength);
        Quantized = new QuantizedActivations(capacity, widest);
    }

    /// <summary>Most tokens of a batch.</summary>
    public int Capacity { get; }

    /// <summary>The input of the next matrix product in 8 bits, quantized once for all matrices that share it.</summary>
    public QuantizedActivations Quantized { get; }

    /// <summary>Residual stream [n, embedding].</summary>
    public Span<float> X(int n) => _x.Span(n * _config.EmbeddingLength);

    /// <summary>Normalised residual stream, or the result of a projection back to it [n, embedding].</summary>
    public Span<float> Normed(int n) => _normed.Span(n * _config.EmbeddingLength);

    /// <summary>Queries [n, heads, key length].</summary>
    public Span<float> Q(int n) => _q.Span(n * _config.HeadCount * _config.KeyLength);

    /// <summary>Keys [n, kv heads, key length].</summary>
    public Span<float> K(int n) => _k.Span(n * _config.HeadCountKv * _config.KeyLength);

    /// <summary>Values [n, kv heads, value length].</summary>
    public Span<float> V(int n) => _v.Span(n * _config.HeadCountKv * _config.ValueLength);

    /// <summary>Result of attention [n, heads, value length].</summary>
    public Span<float> Attention(int n) => _attention.Span(n * _config.HeadCount * _config.ValueLength);

    /// <summary>Gate of the feed-forward, then gate times up [n, feed forward].</summary>
    public Span<float> Gate(int n) => _gate.Span(n * _config.FeedForwardLength);

    /// <summary>Up projection [n, feed forward].</summary>
    public Span<float> Up(int n) => _up.Span(n * _config.FeedForwardLength);

    /// <summary>Cosines and sines of the tokens' positions [n, rope dimensions].</summary>
    public Span<float> CosSin(int n) => _cosSin.Span(n * _config.RopeDimensionCount);

    /// <summary>Bytes allocated, quantized activations not counted.</summary>
    public long Bytes => _owned.Sum(buffer => buffer.Bytes);

    /// <summary>Frees the buffers.</summary>
    public void Dispose()
    {
        _owned.ForEach(buffer => buffer.Dispose());
        Quantized.Dispose();
    }

    /// <summary>Numbers that the buffers hold for each token of a batch; quantized activations count for a quarter of their float32 width, and a little.</summary>
    public static long FloatsPerToken(TransformerConfig config) =>
        (2L * config.EmbeddingLength)
        + ((long)config.HeadCount * (config.KeyLength + config.ValueLength))
        + ((long)config.HeadCountKv * (config.KeyLength + config.ValueLength))
        + (2L * config.FeedForwardLength)
        + config.RopeDimensionCount
        + (Math.Max(config.FeedForwardLength, config.EmbeddingLength) / 2);

    private NativeBuffer Own(int width)
    {
        var buffer = new NativeBuffer((long)width * Capacity);
        _owned.Add(buffer);
        return buffer;
    }
}
