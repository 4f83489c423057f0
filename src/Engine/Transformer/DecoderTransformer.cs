using LocalLlm.Engine.Adapters;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Transformer;

/// <summary>
/// The forward pass of a decoder-only transformer with pre-norm RMSNorm, rotary positions, grouped-query attention and a SwiGLU
/// feed-forward (Touvron et al. 2023, arXiv:2302.13971), over a ragged batch: a batch of one token is the same code. Not safe for several threads.
/// </summary>
public sealed class DecoderTransformer : IDisposable
{
    private readonly CpuOps _ops;
    private readonly RopeTable _rope;
    private readonly ActivationBuffers _buffers;
    private readonly bool _quantizeActivations;
    private readonly LoraWeights? _adapters;

    /// <summary>Puts a model together.</summary>
    /// <param name="config">Its shape.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="ops">Where operations run.</param>
    /// <param name="activations">Whether quantized weights meet 8-bit or float32 activations.</param>
    /// <param name="batchCapacity">Most tokens of one pass.</param>
    public DecoderTransformer(TransformerConfig config, TransformerWeights weights, CpuOps ops, ActivationType activations, int batchCapacity)
        : this(config, weights, ops, activations, batchCapacity, adapters: null)
    {
    }

    /// <summary>Puts a model together that has adapters, which must outlive this.</summary>
    internal DecoderTransformer(TransformerConfig config, TransformerWeights weights, CpuOps ops, ActivationType activations, int batchCapacity, LoraWeights? adapters)
    {
        _adapters = adapters;
        Config = config;
        Weights = weights;
        _ops = ops;
        _quantizeActivations = activations == ActivationType.Q8;
        _rope = new RopeTable(config, weights.RopeFreqs);
        _buffers = new ActivationBuffers(config, batchCapacity);
    }

    /// <summary>The model's shape.</summary>
    public TransformerConfig Config { get; }

    /// <summary>The model's weights.</summary>
    public TransformerWeights Weights { get; }

    /// <summary>Most tokens of one pass.</summary>
    public int BatchCapacity => _buffers.Capacity;

    /// <summary>Evaluates a batch: appends every token to the cache and leaves the final hidden states of the wanted tokens.</summary>
    /// <param name="batch">Tokens with their places.</param>
    /// <param name="cache">Keys and values of all sequences.</param>
    /// <param name="cancellationToken">Looked at between blocks; after a cancellation the batch's positions hold no sense and must be truncated away.</param>
    /// <returns>[outputs, embedding], normalised by the output norm; valid until the next call.</returns>
    public ReadOnlySpan<float> Forward(ForwardBatch batch, KvPool cache, CancellationToken cancellationToken = default)
    {
        int n = batch.Count;
        Span<float> x = _buffers.X(n);
        Span<float> cosSin = _buffers.CosSin(n);
        for (int i = 0; i < n; i++)
        {
            _rope.Fill(batch.Positions[i], cosSin.Slice(i * _rope.Dimensions, _rope.Dimensions));
        }

        _ops.Embed(Weights.TokenEmbd, batch.Tokens, x);
        for (int layer = 0; layer < Config.BlockCount; layer++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Attend(Weights.Blocks[layer], layer, batch.Places, cache, cosSin, x);
            FeedForward(Weights.Blocks[layer], layer, n, x);
        }
        return FinalStates(batch.Outputs, x);
    }

    /// <summary>Logits of final hidden states.</summary>
    /// <param name="states">[rows, embedding], as <see cref="Forward"/> returns them.</param>
    /// <param name="logits">Result [rows, vocabulary].</param>
    public void Logits(ReadOnlySpan<float> states, Span<float> logits)
    {
        WeightMatrix head = Weights.Output;
        _ops.MatMul(head, states, Quantize(states, head), [], logits);
        _adapters?.Apply(_ops, _adapters.Output, states, logits);
    }

    /// <summary>Frees the activation buffers.</summary>
    public void Dispose() => _buffers.Dispose();

    /// <summary>x += W_o attention(norm(x)).</summary>
    private void Attend(BlockWeights w, int layer, ReadOnlySpan<TokenPlace> places, KvPool cache, ReadOnlySpan<float> cosSin, Span<float> x)
    {
        int n = places.Length;
        Span<float> normed = _buffers.Normed(n), q = _buffers.Q(n), k = _buffers.K(n), v = _buffers.V(n), attention = _buffers.Attention(n);

        _ops.RmsNorm(x, w.AttnNorm, Config.LayerNormRmsEpsilon, normed);
        QuantizedActivations? quantized = Quantize(normed, w.AttnQ, w.AttnK, w.AttnV);
        _ops.MatMul(normed, quantized, new(w.AttnQ, w.AttnQBias, q), new(w.AttnK, w.AttnKBias, k), new(w.AttnV, w.AttnVBias, v));
        _adapters?.Apply(_ops, _adapters.Blocks[layer].AttnQ, normed, q);
        _adapters?.Apply(_ops, _adapters.Blocks[layer].AttnK, normed, k);
        _adapters?.Apply(_ops, _adapters.Blocks[layer].AttnV, normed, v);
        if (w.AttnQNorm.Length > 0)
        {
            _ops.RmsNorm(q, w.AttnQNorm, Config.LayerNormRmsEpsilon, q);
            _ops.RmsNorm(k, w.AttnKNorm, Config.LayerNormRmsEpsilon, k);
        }
        _ops.Rope(q, cosSin, n, Config.HeadCount, Config.KeyLength, Config.RopeDimensionCount, Config.RopePairing);
        _ops.Rope(k, cosSin, n, Config.HeadCountKv, Config.KeyLength, Config.RopeDimensionCount, Config.RopePairing);

        _ops.KvAppend(cache, layer, k, v, places);
        _ops.Attention(cache, layer, q, places, Config.HeadCount, 1f / MathF.Sqrt(Config.KeyLength), attention);

        _ops.MatMul(w.AttnOutput, attention, Quantize(attention, w.AttnOutput), w.AttnOutputBias, normed);
        _adapters?.Apply(_ops, _adapters.Blocks[layer].AttnOutput, attention, normed);
        _ops.Add(normed, x);
    }

    /// <summary>x += W_down (silu(W_gate norm(x)) * W_up norm(x)).</summary>
    private void FeedForward(BlockWeights w, int layer, int n, Span<float> x)
    {
        Span<float> normed = _buffers.Normed(n), gate = _buffers.Gate(n), up = _buffers.Up(n);

        _ops.RmsNorm(x, w.FfnNorm, Config.LayerNormRmsEpsilon, normed);
        QuantizedActivations? quantized = Quantize(normed, w.FfnGate, w.FfnUp);
        _ops.MatMul(normed, quantized, new(w.FfnGate, [], gate), new(w.FfnUp, [], up));
        _adapters?.Apply(_ops, _adapters.Blocks[layer].FfnGate, normed, gate);
        _adapters?.Apply(_ops, _adapters.Blocks[layer].FfnUp, normed, up);
        _ops.SwiGlu(gate, up, gate);
        _ops.MatMul(w.FfnDown, gate, Quantize(gate, w.FfnDown), [], normed);
        _adapters?.Apply(_ops, _adapters.Blocks[layer].FfnDown, gate, normed);
        _ops.Add(normed, x);
    }

    /// <summary>Gathers the wanted rows at the front and normalises them.</summary>
    private ReadOnlySpan<float> FinalStates(ReadOnlySpan<int> outputs, Span<float> x)
    {
        int width = Config.EmbeddingLength;
        for (int row = 0; row < outputs.Length; row++)
        {
            // Ascending, so a row never overwrites one that is still to be moved.
            x.Slice(outputs[row] * width, width).CopyTo(x.Slice(row * width, width));
        }
        Span<float> states = _buffers.Normed(outputs.Length);
        _ops.RmsNorm(x[..(outputs.Length * width)], Weights.OutputNorm, Config.LayerNormRmsEpsilon, states);
        return states;
    }

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
