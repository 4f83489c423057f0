using LocalLlm.Gguf;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Transformer;

/// <summary>How the hidden states of a text become one embedding (<c>{arch}.pooling_type</c>; the numbers are the GGUF key's).</summary>
public enum PoolingType
{
    /// <summary>Not an embedding model.</summary>
    None = 0,

    /// <summary>Mean over all tokens.</summary>
    Mean = 1,

    /// <summary>First token.</summary>
    Cls = 2,

    /// <summary>Last token.</summary>
    Last = 3,

    /// <summary>Not an embedding: a classification head scores the text (<see cref="ClassifierWeights"/>), a pair of query and document.</summary>
    Rank = 4,
}

/// <summary>
/// The shape of a decoder-only transformer, read from a GGUF's keys; property names are the keys in PascalCase. One parameterised model
/// covers <c>llama</c>, <c>qwen2</c> and <c>qwen3</c>: they differ in RoPE pairing, biases, and q/k norms, and the last two show in the tensors.
/// </summary>
public sealed record TransformerConfig
{
    /// <summary>Architectures that <see cref="Read"/> accepts.</summary>
    public static IReadOnlyList<string> Architectures { get; } = ["llama", "qwen2", "qwen3"];

    /// <summary><c>general.architecture</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Number of transformer blocks (layers).</summary>
    public required int BlockCount { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int EmbeddingLength { get; init; }

    /// <summary>Width of the feed-forward's inner layer.</summary>
    public required int FeedForwardLength { get; init; }

    /// <summary>Query heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Key and value heads; divides <see cref="HeadCount"/>.</summary>
    public required int HeadCountKv { get; init; }

    /// <summary>Width of a query or key head; need not be EmbeddingLength / HeadCount.</summary>
    public required int KeyLength { get; init; }

    /// <summary>Width of a value head.</summary>
    public required int ValueLength { get; init; }

    /// <summary>Positions that the model was trained for.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Rows of the token embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Epsilon of every RMSNorm.</summary>
    public required float LayerNormRmsEpsilon { get; init; }

    /// <summary>Which elements RoPE rotates together.</summary>
    public required RopePairing RopePairing { get; init; }

    /// <summary>Leading elements of a head that RoPE rotates.</summary>
    public required int RopeDimensionCount { get; init; }

    /// <summary>Base of the RoPE frequencies.</summary>
    public required float RopeFreqBase { get; init; }

    /// <summary>How RoPE is stretched beyond the original context.</summary>
    public required RopeScaling RopeScaling { get; init; }

    /// <summary>How the model pools embeddings; <see cref="PoolingType.None"/> for chat models.</summary>
    public required PoolingType PoolingType { get; init; }

    /// <summary>
    /// How a text becomes one vector: as the file says, else the mean of all states, the usual choice for models that were not trained to embed
    /// (a chat model's last state says more about the next token than about the text). A model that ranks has no vectors.
    /// </summary>
    public PoolingType VectorPooling => PoolingType == PoolingType.None ? PoolingType.Mean : PoolingType;

    /// <summary>Query heads that share a key and value head.</summary>
    public int GroupSize => HeadCount / HeadCountKv;

    /// <summary>Reads and checks the configuration of a model file.</summary>
    /// <exception cref="TextEngineException">The architecture is unknown or an encoder's, or a value is missing, out of range, or contradicts another.</exception>
    public static TransformerConfig Read(GgufFile file)
    {
        GgufMetadata metadata = file.Metadata;
        string architecture = metadata.GetString("general.architecture");
        if (EncoderConfig.Describes(file))
        {
            throw new TextEngineException(TextEngineErrorKind.InvalidModel, $"This model is an encoder ('{architecture}'): it embeds texts and generates none, so use `localllm embed`.");
        }
        if (!Architectures.Contains(architecture))
        {
            throw Invalid($"architecture '{architecture}' is not supported; supported are {string.Join(", ", Architectures)}");
        }

        string Key(string name) => $"{architecture}.{name}";
        int Count(string name, int most)
        {
            int value = metadata.GetInt32(Key(name));
            return value >= 1 && value <= most ? value : throw Invalid($"{Key(name)} is {value}, which is not in 1..{most}");
        }
        int CountOr(string name, int most, int fallback) => metadata.ContainsKey(Key(name)) ? Count(name, most) : fallback;

        int embedding = Count("embedding_length", 1 << 20);
        int heads = Count("attention.head_count", 1 << 12);
        int keyLength = CountOr("attention.key_length", 1 << 12, embedding / heads);
        var config = new TransformerConfig
        {
            Architecture = architecture,
            BlockCount = Count("block_count", 1 << 10),
            EmbeddingLength = embedding,
            FeedForwardLength = Count("feed_forward_length", 1 << 22),
            HeadCount = heads,
            HeadCountKv = CountOr("attention.head_count_kv", 1 << 12, heads),
            KeyLength = keyLength,
            ValueLength = CountOr("attention.value_length", 1 << 12, keyLength),
            ContextLength = Count("context_length", 1 << 28),
            VocabularySize = checked((int)file.Get("token_embd.weight").Rows),
            LayerNormRmsEpsilon = metadata.GetSingle(Key("attention.layer_norm_rms_epsilon")),
            RopePairing = architecture == "llama" ? RopePairing.Adjacent : RopePairing.Halves,
            RopeDimensionCount = CountOr("rope.dimension_count", 1 << 12, keyLength),
            RopeFreqBase = metadata.GetSingle(Key("rope.freq_base"), 10000f),
            RopeScaling = RopeScaling.Read(metadata, architecture),
            PoolingType = ClassifierWeights.In(file) ? PoolingType.Rank : ReadPooling(metadata, Key("pooling_type")),
        };
        config.Check(metadata.GetInt32(Key("expert_count"), 0));
        return config;
    }

    private void Check(int expertCount)
    {
        if (expertCount > 0)
        {
            throw Invalid($"{Architecture} with {expertCount} experts is not supported, only dense models are");
        }
        if (HeadCount % HeadCountKv != 0)
        {
            throw Invalid($"attention.head_count {HeadCount} is no multiple of attention.head_count_kv {HeadCountKv}");
        }
        if (RopeDimensionCount > KeyLength || RopeDimensionCount % 2 != 0)
        {
            throw Invalid($"rope.dimension_count {RopeDimensionCount} is odd or above attention.key_length {KeyLength}");
        }
        if (!(LayerNormRmsEpsilon > 0 && LayerNormRmsEpsilon < 1))
        {
            throw Invalid($"attention.layer_norm_rms_epsilon {LayerNormRmsEpsilon} is not between 0 and 1");
        }
        if (!(RopeFreqBase >= 1 && float.IsFinite(RopeFreqBase)))
        {
            throw Invalid($"rope.freq_base {RopeFreqBase} is not a finite number from 1");
        }
    }

    private static PoolingType ReadPooling(GgufMetadata metadata, string key)
    {
        var pooling = (PoolingType)metadata.GetInt32(key, (int)PoolingType.None);
        return pooling == PoolingType.Rank ? throw Invalid($"{key} is 4 (rank), but there is no classification head ('cls.output.weight')")
            : Enum.IsDefined(pooling) ? pooling
            : throw Invalid($"{key} {(int)pooling} is not supported; supported are 1 (mean), 2 (cls), 3 (last) and 4 (rank)");
    }

    private static TextEngineException Invalid(string what) =>
        new(TextEngineErrorKind.InvalidModel, $"This model cannot be loaded: {what}.");
}
