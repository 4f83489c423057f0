using LocalLlm.Kernels;

namespace LocalLlm.Engine.Transformer;

/// <summary>
/// What an encoder's blocks are doing now: one native allocation per buffer, made once for the largest number of tokens and used by every pass. n is the
/// number of tokens at hand.
/// </summary>
internal sealed class EncoderBuffers : IDisposable
{
    private readonly EncoderConfig _config;
    private readonly NativeBuffer _q, _k, _v, _mixed, _inner;

    /// <summary>Allocates for up to <paramref name="capacity"/> tokens.</summary>
    public EncoderBuffers(EncoderConfig config, int capacity)
    {
        _config = config;
        Capacity = capacity;
        long states = (long)config.EmbeddingLength * capacity;
        _q = new NativeBuffer(states);
        _k = new NativeBuffer(states);
        _v = new NativeBuffer(states);
        _mixed = new NativeBuffer(states);
        _inner = new NativeBuffer((long)config.FeedForwardLength * capacity);
        Quantized = new QuantizedActivations(capacity, Math.Max(config.EmbeddingLength, config.FeedForwardLength));
    }

    /// <summary>Most tokens.</summary>
    public int Capacity { get; }

    /// <summary>The input of the next matrix product in 8 bits, quantized once for all matrices that share it.</summary>
    public QuantizedActivations Quantized { get; }

    /// <summary>Queries, later the result of a projection back to the states [n, embedding].</summary>
    public Span<float> Q(int n) => _q.Span(n * _config.EmbeddingLength);

    /// <summary>Keys [n, embedding].</summary>
    public Span<float> K(int n) => _k.Span(n * _config.EmbeddingLength);

    /// <summary>Values [n, embedding].</summary>
    public Span<float> V(int n) => _v.Span(n * _config.EmbeddingLength);

    /// <summary>Result of attention [n, embedding].</summary>
    public Span<float> Mixed(int n) => _mixed.Span(n * _config.EmbeddingLength);

    /// <summary>Inner layer of the feed-forward [n, feed forward].</summary>
    public Span<float> Inner(int n) => _inner.Span(n * _config.FeedForwardLength);

    /// <summary>Numbers that the buffers hold for each token; quantized activations count for a quarter of their float32 width, and a little.</summary>
    public static long FloatsPerToken(EncoderConfig config) =>
        (4L * config.EmbeddingLength) + config.FeedForwardLength + (Math.Max(config.FeedForwardLength, config.EmbeddingLength) / 2);

    /// <summary>Frees the buffers.</summary>
    public void Dispose()
    {
        foreach (NativeBuffer buffer in new[] { _q, _k, _v, _mixed, _inner })
        {
            buffer.Dispose();
        }
        Quantized.Dispose();
    }
}
