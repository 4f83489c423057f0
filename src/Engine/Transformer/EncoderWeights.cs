using System.Numerics.Tensors;
using LocalLlm.Gguf;
using LocalLlm.Kernels;
using LocalLlm.Quant;

namespace LocalLlm.Engine.Transformer;

/// <summary>
/// What an encoder weighs: matrices point into the mapped file; norms, biases and the embeddings of positions are float32 copies. Names are the GGUF
/// tensor names in PascalCase. The file must outlive this.
/// </summary>
public sealed class EncoderWeights
{
    /// <summary>Token embedding [vocabulary, embedding].</summary>
    public required WeightMatrix TokenEmbd { get; init; }

    /// <summary>Embedding of each position, plus that of token type 0, which all tokens of a single text have [context, embedding].</summary>
    public required float[] PositionEmbd { get; init; }

    /// <summary>The same with token type 1, which the second text of a pair has; <see cref="PositionEmbd"/> itself where the model has no such type or reads no pairs.</summary>
    public required float[] SecondPositionEmbd { get; init; }

    /// <summary>Classification head of a cross-encoder, with one label; null for a model that embeds.</summary>
    public required ClassifierWeights? Classifier { get; init; }

    /// <summary>LayerNorm after the embeddings.</summary>
    public required LayerNormWeights TokenEmbdNorm { get; init; }

    /// <summary>The blocks, first to last.</summary>
    public required IReadOnlyList<EncoderBlockWeights> Blocks { get; init; }

    /// <summary>Finds and checks every tensor of a model.</summary>
    /// <exception cref="TextEngineException">A tensor has the wrong shape or a type without a decoder, or the file has tensors that this architecture does not use.</exception>
    /// <exception cref="GgufFormatException">A tensor is missing.</exception>
    public static EncoderWeights Read(GgufFile file, EncoderConfig config)
    {
        var tensors = new TensorReader(file);
        bool ranks = config.PoolingType == PoolingType.Rank;
        float[] positions = ReadPositions(tensors, config, type: 0);
        var weights = new EncoderWeights
        {
            TokenEmbd = tensors.Matrix("token_embd.weight", config.VocabularySize, config.EmbeddingLength),
            PositionEmbd = positions,
            SecondPositionEmbd = ranks && config.TokenTypeCount > 1 ? ReadPositions(tensors, config, type: 1) : positions,
            Classifier = ranks ? ReadClassifier(tensors, config) : null,
            TokenEmbdNorm = LayerNormWeights.Read(tensors, "token_embd_norm", config.EmbeddingLength),
            Blocks = [.. Enumerable.Range(0, config.BlockCount).Select(i => EncoderBlockWeights.Read(tensors, config, $"blk.{i}."))],
        };
        tensors.RefuseUnused(config.Architecture);
        return weights;
    }

    private static ClassifierWeights ReadClassifier(TensorReader tensors, EncoderConfig config)
    {
        ClassifierWeights classifier = ClassifierWeights.Read(tensors, config.EmbeddingLength);
        return classifier.Labels == 1 ? classifier : throw new TextEngineException(
            TextEngineErrorKind.InvalidModel, $"This model cannot be loaded: it puts texts into {classifier.Labels} classes, and only models with one score, which rank, are supported.");
    }

    private static float[] ReadPositions(TensorReader tensors, EncoderConfig config, int type)
    {
        int width = config.EmbeddingLength;
        float[] positions = Decode(tensors.Matrix("position_embd.weight", config.ContextLength, width));
        if (config.TokenTypeCount > 0)
        {
            ReadOnlySpan<float> types = Decode(tensors.Matrix("token_types.weight", config.TokenTypeCount, width)).AsSpan(type * width, width);
            for (int at = 0; at < config.ContextLength; at++)
            {
                Span<float> row = positions.AsSpan(at * width, width);
                TensorPrimitives.Add(row, types, row);
            }
        }
        return positions;
    }

    private static unsafe float[] Decode(WeightMatrix matrix)
    {
        var values = new float[checked(matrix.Rows * matrix.Columns)];
        RowDecoder.Decode(matrix.Type, new ReadOnlySpan<byte>(matrix.Data, checked((int)(matrix.RowBytes * matrix.Rows))), values);
        return values;
    }
}

/// <summary>Weights of one block of an encoder. Empty biases stand for what the model does not have.</summary>
public sealed class EncoderBlockWeights
{
    /// <summary>Query projection [embedding, embedding].</summary>
    public required WeightMatrix AttnQ { get; init; }

    /// <summary>Bias of the queries [embedding].</summary>
    public required float[] AttnQBias { get; init; }

    /// <summary>Key projection [embedding, embedding].</summary>
    public required WeightMatrix AttnK { get; init; }

    /// <summary>Bias of the keys [embedding].</summary>
    public required float[] AttnKBias { get; init; }

    /// <summary>Value projection [embedding, embedding].</summary>
    public required WeightMatrix AttnV { get; init; }

    /// <summary>Bias of the values [embedding].</summary>
    public required float[] AttnVBias { get; init; }

    /// <summary>Output projection of attention [embedding, embedding].</summary>
    public required WeightMatrix AttnOutput { get; init; }

    /// <summary>Its bias [embedding].</summary>
    public required float[] AttnOutputBias { get; init; }

    /// <summary>LayerNorm after attention and its residual.</summary>
    public required LayerNormWeights AttnOutputNorm { get; init; }

    /// <summary>Up projection [feed forward, embedding].</summary>
    public required WeightMatrix FfnUp { get; init; }

    /// <summary>Its bias [feed forward].</summary>
    public required float[] FfnUpBias { get; init; }

    /// <summary>Down projection [embedding, feed forward].</summary>
    public required WeightMatrix FfnDown { get; init; }

    /// <summary>Its bias [embedding].</summary>
    public required float[] FfnDownBias { get; init; }

    /// <summary>LayerNorm after the feed-forward and its residual.</summary>
    public required LayerNormWeights LayerOutputNorm { get; init; }

    /// <summary>The same block with other matrices.</summary>
    internal EncoderBlockWeights Map(Func<WeightMatrix, WeightMatrix> matrix) => new()
    {
        AttnQ = matrix(AttnQ),
        AttnQBias = AttnQBias,
        AttnK = matrix(AttnK),
        AttnKBias = AttnKBias,
        AttnV = matrix(AttnV),
        AttnVBias = AttnVBias,
        AttnOutput = matrix(AttnOutput),
        AttnOutputBias = AttnOutputBias,
        AttnOutputNorm = AttnOutputNorm,
        FfnUp = matrix(FfnUp),
        FfnUpBias = FfnUpBias,
        FfnDown = matrix(FfnDown),
        FfnDownBias = FfnDownBias,
        LayerOutputNorm = LayerOutputNorm,
    };

    internal static EncoderBlockWeights Read(TensorReader tensors, EncoderConfig config, string prefix)
    {
        int width = config.EmbeddingLength, inner = config.FeedForwardLength;
        WeightMatrix Matrix(string name, int rows, int columns) => tensors.Matrix($"{prefix}{name}.weight", rows, columns);
        float[] Bias(string name, int length) => tensors.OptionalVector($"{prefix}{name}.bias", length);
        return new EncoderBlockWeights
        {
            AttnQ = Matrix("attn_q", width, width),
            AttnQBias = Bias("attn_q", width),
            AttnK = Matrix("attn_k", width, width),
            AttnKBias = Bias("attn_k", width),
            AttnV = Matrix("attn_v", width, width),
            AttnVBias = Bias("attn_v", width),
            AttnOutput = Matrix("attn_output", width, width),
            AttnOutputBias = Bias("attn_output", width),
            AttnOutputNorm = LayerNormWeights.Read(tensors, $"{prefix}attn_output_norm", width),
            FfnUp = Matrix("ffn_up", inner, width),
            FfnUpBias = Bias("ffn_up", inner),
            FfnDown = Matrix("ffn_down", width, inner),
            FfnDownBias = Bias("ffn_down", width),
            LayerOutputNorm = LayerNormWeights.Read(tensors, $"{prefix}layer_output_norm", width),
        };
    }
}

/// <summary>Weights of one LayerNorm.</summary>
/// <param name="Weight">Learned scale [embedding].</param>
/// <param name="Bias">Learned shift [embedding].</param>
public sealed record LayerNormWeights(float[] Weight, float[] Bias)
{
    internal static LayerNormWeights Read(TensorReader tensors, string name, int length) =>
        new(tensors.Vector($"{name}.weight", length), tensors.Vector($"{name}.bias", length));
}
