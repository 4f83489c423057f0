using LocalLlm.Gguf;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Transformer;

/// <summary>
/// What a model weighs: matrices point into the mapped file and stay quantized; norms and biases, a few kilobytes each, are float32 copies.
/// Names are the GGUF tensor names in PascalCase. The file must outlive this.
/// </summary>
public sealed class TransformerWeights
{
    /// <summary>Token embedding [vocabulary, embedding].</summary>
    public required WeightMatrix TokenEmbd { get; init; }

    /// <summary>Weight of the last RMSNorm [embedding].</summary>
    public required float[] OutputNorm { get; init; }

    /// <summary>Output head [vocabulary, embedding]; <see cref="TokenEmbd"/> itself where the file has no <c>output.weight</c> (tied).</summary>
    public required WeightMatrix Output { get; init; }

    /// <summary>Divisors of the RoPE frequencies [rope dimensions / 2], or empty (<c>rope_freqs.weight</c>, Llama 3).</summary>
    public required float[] RopeFreqs { get; init; }

    /// <summary>Classification head of a model that ranks; null for others.</summary>
    public required ClassifierWeights? Classifier { get; init; }

    /// <summary>The blocks, first to last.</summary>
    public required IReadOnlyList<BlockWeights> Blocks { get; init; }

    /// <summary>Finds and checks every tensor of a model.</summary>
    /// <exception cref="TextEngineException">A tensor has the wrong shape or a type without a decoder, or the file has tensors that this architecture does not use.</exception>
    /// <exception cref="GgufFormatException">A tensor is missing.</exception>
    public static TransformerWeights Read(GgufFile file, TransformerConfig config)
    {
        var tensors = new TensorReader(file);
        WeightMatrix embedding = tensors.Matrix("token_embd.weight", config.VocabularySize, config.EmbeddingLength);
        var weights = new TransformerWeights
        {
            TokenEmbd = embedding,
            OutputNorm = tensors.Vector("output_norm.weight", config.EmbeddingLength),
            Output = tensors.Has("output.weight") ? tensors.Matrix("output.weight", config.VocabularySize, config.EmbeddingLength) : embedding,
            RopeFreqs = tensors.OptionalVector("rope_freqs.weight", config.RopeDimensionCount / 2),
            Classifier = config.PoolingType == PoolingType.Rank ? ClassifierWeights.Read(tensors, config.EmbeddingLength) : null,
            Blocks = [.. Enumerable.Range(0, config.BlockCount).Select(i => BlockWeights.Read(tensors, config, $"blk.{i}."))],
        };
        tensors.RefuseUnused(config.Architecture);
        return weights;
    }
}

/// <summary>Weights of one transformer block. Empty arrays stand for what the model does not have.</summary>
public sealed class BlockWeights
{
    /// <summary>RMSNorm before attention [embedding].</summary>
    public required float[] AttnNorm { get; init; }

    /// <summary>Query projection [heads * key length, embedding].</summary>
    public required WeightMatrix AttnQ { get; init; }

    /// <summary>Key projection [kv heads * key length, embedding].</summary>
    public required WeightMatrix AttnK { get; init; }

    /// <summary>Value projection [kv heads * value length, embedding].</summary>
    public required WeightMatrix AttnV { get; init; }

    /// <summary>Bias of the queries (qwen2).</summary>
    public required float[] AttnQBias { get; init; }

    /// <summary>Bias of the keys (qwen2).</summary>
    public required float[] AttnKBias { get; init; }

    /// <summary>Bias of the values (qwen2).</summary>
    public required float[] AttnVBias { get; init; }

    /// <summary>RMSNorm of each query head [key length] (qwen3).</summary>
    public required float[] AttnQNorm { get; init; }

    /// <summary>RMSNorm of each key head [key length] (qwen3).</summary>
    public required float[] AttnKNorm { get; init; }

    /// <summary>Projection of the attention's result [embedding, heads * value length].</summary>
    public required WeightMatrix AttnOutput { get; init; }

    /// <summary>Bias of the attention's projection.</summary>
    public required float[] AttnOutputBias { get; init; }

    /// <summary>RMSNorm before the feed-forward [embedding].</summary>
    public required float[] FfnNorm { get; init; }

    /// <summary>Gate of the feed-forward [feed forward, embedding].</summary>
    public required WeightMatrix FfnGate { get; init; }

    /// <summary>Up projection [feed forward, embedding].</summary>
    public required WeightMatrix FfnUp { get; init; }

    /// <summary>Down projection [embedding, feed forward].</summary>
    public required WeightMatrix FfnDown { get; init; }

    internal static BlockWeights Read(TensorReader tensors, TransformerConfig config, string prefix)
    {
        int embedding = config.EmbeddingLength;
        int queries = config.HeadCount * config.KeyLength;
        int keys = config.HeadCountKv * config.KeyLength;
        int values = config.HeadCountKv * config.ValueLength;
        bool normalisesHeads = config.Architecture == "qwen3";
        return new BlockWeights
        {
            AttnNorm = tensors.Vector(prefix + "attn_norm.weight", embedding),
            AttnQ = tensors.Matrix(prefix + "attn_q.weight", queries, embedding),
            AttnK = tensors.Matrix(prefix + "attn_k.weight", keys, embedding),
            AttnV = tensors.Matrix(prefix + "attn_v.weight", values, embedding),
            AttnQBias = tensors.OptionalVector(prefix + "attn_q.bias", queries),
            AttnKBias = tensors.OptionalVector(prefix + "attn_k.bias", keys),
            AttnVBias = tensors.OptionalVector(prefix + "attn_v.bias", values),
            AttnQNorm = normalisesHeads ? tensors.Vector(prefix + "attn_q_norm.weight", config.KeyLength) : [],
            AttnKNorm = normalisesHeads ? tensors.Vector(prefix + "attn_k_norm.weight", config.KeyLength) : [],
            AttnOutput = tensors.Matrix(prefix + "attn_output.weight", embedding, config.HeadCount * config.ValueLength),
            AttnOutputBias = tensors.OptionalVector(prefix + "attn_output.bias", embedding),
            FfnNorm = tensors.Vector(prefix + "ffn_norm.weight", embedding),
            FfnGate = tensors.Matrix(prefix + "ffn_gate.weight", config.FeedForwardLength, embedding),
            FfnUp = tensors.Matrix(prefix + "ffn_up.weight", config.FeedForwardLength, embedding),
            FfnDown = tensors.Matrix(prefix + "ffn_down.weight", embedding, config.FeedForwardLength),
        };
    }
}
