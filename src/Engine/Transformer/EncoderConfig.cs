using LocalLlm.Gguf;

namespace LocalLlm.Engine.Transformer;

/// <summary>
/// The shape of a BERT encoder (Devlin et al. 2018, arXiv:1810.04805), read from a GGUF's keys; property names are the keys in PascalCase. Beside it
/// stands <see cref="TransformerConfig"/> for decoders.
/// </summary>
public sealed record EncoderConfig
{
    /// <summary>Architectures that <see cref="Read"/> accepts.</summary>
    public static IReadOnlyList<string> Architectures { get; } = ["bert"];

    /// <summary><c>general.architecture</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Number of transformer blocks (layers).</summary>
    public required int BlockCount { get; init; }

    /// <summary>Width of the hidden states, and of an embedding.</summary>
    public required int EmbeddingLength { get; init; }

    /// <summary>Width of the feed-forward's inner layer.</summary>
    public required int FeedForwardLength { get; init; }

    /// <summary>Heads; divides <see cref="EmbeddingLength"/>.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Positions that the model has embeddings for.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Rows of the token embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Rows of the embedding of token types; 0 if the model has none.</summary>
    public required int TokenTypeCount { get; init; }

    /// <summary>Epsilon of every LayerNorm.</summary>
    public required float LayerNormEpsilon { get; init; }

    /// <summary>How a text's states become one vector; the mean where the file does not say. <see cref="PoolingType.Rank"/> wherever there is a classification head.</summary>
    public required PoolingType PoolingType { get; init; }

    /// <summary>Width of a head.</summary>
    public int HeadLength => EmbeddingLength / HeadCount;

    /// <summary>Whether a file is an encoder by its architecture.</summary>
    public static bool Describes(GgufFile file) =>
        file.Metadata.TryGetString("general.architecture", out string? architecture) && Architectures.Contains(architecture);

    /// <summary>Reads and checks the configuration of a model file.</summary>
    /// <exception cref="TextEngineException">The architecture is another, or a value is missing, out of range, or contradicts another.</exception>
    public static EncoderConfig Read(GgufFile file)
    {
        GgufMetadata metadata = file.Metadata;
        string architecture = metadata.GetString("general.architecture");
        if (!Architectures.Contains(architecture))
        {
            throw Invalid($"architecture '{architecture}' is no encoder; supported are {string.Join(", ", Architectures)}");
        }

        string Key(string name) => $"{architecture}.{name}";
        int Count(string name, int most)
        {
            int value = metadata.GetInt32(Key(name));
            return value >= 1 && value <= most ? value : throw Invalid($"{Key(name)} is {value}, which is not in 1..{most}");
        }

        var config = new EncoderConfig
        {
            Architecture = architecture,
            BlockCount = Count("block_count", 1 << 10),
            EmbeddingLength = Count("embedding_length", 1 << 20),
            FeedForwardLength = Count("feed_forward_length", 1 << 22),
            HeadCount = Count("attention.head_count", 1 << 12),
            ContextLength = Count("context_length", 1 << 20),
            VocabularySize = checked((int)file.Get("token_embd.weight").Rows),
            TokenTypeCount = file.Find("token_types.weight") is { } types ? checked((int)types.Rows) : 0,
            LayerNormEpsilon = metadata.GetSingle(Key("attention.layer_norm_epsilon")),
            PoolingType = ClassifierWeights.In(file) ? PoolingType.Rank : ReadPooling(metadata, Key("pooling_type")),
        };
        config.Check(metadata.GetBoolean(Key("attention.causal"), false));
        return config;
    }

    private void Check(bool causal)
    {
        if (causal)
        {
            throw Invalid($"{Architecture}.attention.causal is true, but an encoder's tokens see those after them too");
        }
        if (EmbeddingLength % HeadCount != 0)
        {
            throw Invalid($"embedding_length {EmbeddingLength} is no multiple of attention.head_count {HeadCount}");
        }
        if (!(LayerNormEpsilon > 0 && LayerNormEpsilon < 1))
        {
            throw Invalid($"attention.layer_norm_epsilon {LayerNormEpsilon} is not between 0 and 1");
        }
    }

    private static PoolingType ReadPooling(GgufMetadata metadata, string key) => metadata.GetInt32(key, (int)PoolingType.Mean) switch
    {
        (int)PoolingType.None or (int)PoolingType.Mean => PoolingType.Mean,
        (int)PoolingType.Cls => PoolingType.Cls,
        (int)PoolingType.Last => PoolingType.Last,
        (int)PoolingType.Rank => throw Invalid($"{key} is 4 (rank), but there is no classification head ('cls.output.weight')"),
        int other => throw Invalid($"{key} {other} is not supported; supported are 1 (mean), 2 (cls), 3 (last) and 4 (rank)"),
    };

    private static TextEngineException Invalid(string what) =>
        new(TextEngineErrorKind.InvalidModel, $"This model cannot be loaded: {what}.");
}
