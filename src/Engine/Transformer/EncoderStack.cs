using LocalLlm.Kernels;

namespace LocalLlm.Engine.Transformer;

/// <summary>
/// The blocks of an encoder, one after the other, on the states of some whole sequences: with its own operations and buffers, so that several can be at work at a time.
/// </summary>
/// <param name="config">The model's shape.</param>
/// <param name="blocks">Its blocks.</param>
/// <param name="ops">Where operations run.</param>
/// <param name="quantizeActivations">Whether quantized weights meet 8-bit activations.</param>
/// <param name="buffers">Where intermediate results go; not disposed with this.</param>
internal sealed class EncoderStack(EncoderConfig config, IReadOnlyList<EncoderBlockWeights> blocks, CpuOps ops, bool quantizeActivations, EncoderBuffers buffers)
{
    /// <summary>Turns embeddings into final states.</summary>
    /// <param name="x">[tokens, embedding], at most as many tokens as the buffers hold; changed in place.</param>
    /// <param name="lengths">Tokens of each sequence.</param>
    /// <param name="cancellationToken">Looked at between blocks.</param>
    public void Run(Span<float> x, ReadOnlySpan<int> lengths, CancellationToken cancellationToken)
    {
        int n = x.Length / config.EmbeddingLength;
        foreach (EncoderBlockWeights block in blocks)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Attend(block, lengths, n, x);
            FeedForward(block, n, x);
        }
    }

    /// <summary>x = norm(x + W_o attention(x)).</summary>
    private void Attend(EncoderBlockWeights w, ReadOnlySpan<int> lengths, int n, Span<float> x)
    {
        Span<float> q = buffers.Q(n), k = buffers.K(n), v = buffers.V(n), mixed = buffers.Mixed(n);
        QuantizedActivations? quantized = Quantize(x, w.AttnQ, w.AttnK, w.AttnV);
        ops.MatMul(x, quantized, new(w.AttnQ, w.AttnQBias, q), new(w.AttnK, w.AttnKBias, k), new(w.AttnV, w.AttnVBias, v));
        ops.SequenceAttention(q, k, v, lengths, config.HeadCount, config.HeadLength, 1f / MathF.Sqrt(config.HeadLength), mixed);
        // The bias follows with the residual, in the same order: one pass over the states less.
        ops.MatMul(w.AttnOutput, mixed, Quantize(mixed, w.AttnOutput), default, q);
        Norm(w.AttnOutputNorm, q, w.AttnOutputBias, x);
    }

    /// <summary>x = norm(x + W_down gelu(W_up x)).</summary>
    private void FeedForward(EncoderBlockWeights w, int n, Span<float> x)
    {
        Span<float> inner = buffers.Inner(n), back = buffers.Q(n);
        ops.MatMul(w.FfnUp, x, Quantize(x, w.FfnUp), default, inner);
        ops.Gelu(inner, config.FeedForwardLength, w.FfnUpBias, inner);
        ops.MatMul(w.FfnDown, inner, Quantize(inner, w.FfnDown), default, back);
        Norm(w.LayerOutputNorm, back, w.FfnDownBias, x);
    }

    /// <summary>x = norm(x + (branch + bias)).</summary>
    private void Norm(LayerNormWeights norm, ReadOnlySpan<float> branch, ReadOnlySpan<float> bias, Span<float> x) =>
        ops.AddLayerNorm(x, branch, bias, norm.Weight, norm.Bias, config.LayerNormEpsilon, x);

    /// <summary>Quantizes a matrix input if one of its matrices has an integer kernel; null otherwise.</summary>
    private QuantizedActivations? Quantize(ReadOnlySpan<float> x, params ReadOnlySpan<WeightMatrix> consumers)
    {
        foreach (ref readonly WeightMatrix w in consumers)
        {
            if (quantizeActivations && ops.HasIntegerKernel(w.Type))
            {
                ops.Quantize(x, w.Columns, buffers.Quantized);
                return buffers.Quantized;
            }
        }
        return null;
    }
}
