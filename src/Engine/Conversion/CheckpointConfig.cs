namespace LocalLlm.Engine.Conversion;

/// <summary>
/// The shape of a model as its <c>config.json</c> gives it, in the style of transformers 4 (<c>rope_theta</c>, <c>rope_scaling</c>) or 5
/// (<c>rope_parameters</c>). What would make the model compute something that the engine does not is refused here.
/// </summary>
internal sealed record CheckpointConfig
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "config.json";

    /// <summary>Which architecture.</summary>
    public required CheckpointArchitecture Architecture { get; init; }

    /// <summary>Number of transformer blocks.</summary>
    public required int BlockCount { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int EmbeddingLength { get; init; }

    /// <summary>Width of the feed-forward's inner layer.</summary>
    public required int FeedForwardLength { get; init; }

    /// <summary>Query heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Key and value heads.</summary>
    public required int HeadCountKv { get; init; }

    /// <summary>Elements of a head of queries, keys or values.</summary>
    public required int HeadLength { get; init; }

    /// <summary>Positions that the model was trained for.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Rows of the embedding, which may be more than there are tokens.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Epsilon of every RMSNorm.</summary>
    public required float Epsilon { get; init; }

    /// <summary>Rotary position embedding.</summary>
    public required CheckpointRope Rope { get; init; }

    /// <summary>Whether the output head is the embedding itself.</summary>
    public required bool TiedEmbedding { get; init; }

    /// <summary>The file, for what only the tokenizer needs.</summary>
    public required JsonSection Json { get; init; }

    /// <summary>Whether a head has the length that a reader of the file would assume.</summary>
    public bool HasUsualHeads => HeadLength * HeadCount == EmbeddingLength;

    /// <summary>Reads the configuration of a checkpoint.</summary>
    /// <exception cref="TextEngineException">It contradicts itself, or describes a model that cannot be converted.</exception>
    public static CheckpointConfig Read(JsonSection json)
    {
        CheckpointArchitecture architecture = CheckpointArchitecture.Of(json);
        int embedding = json.Count("hidden_size", 1 << 20);
        int heads = json.Count("num_attention_heads", 1 << 12);
        int context = json.Count("max_position_embeddings", 1 << 28);
        int headLength = json.OptionalCount("head_dim", 1 << 12) ?? architecture.DefaultHeadLength ?? Math.Max(embedding / heads, 1);
        CheckpointConfig config = new()
        {
            Architecture = architecture,
            BlockCount = json.Count("num_hidden_layers", 1 << 10),
            EmbeddingLength = embedding,
            FeedForwardLength = json.Count("intermediate_size", 1 << 22),
            HeadCount = heads,
            HeadCountKv = json.OptionalCount("num_key_value_heads", 1 << 12) ?? heads,
            HeadLength = headLength,
            ContextLength = context,
            VocabularySize = json.Count("vocab_size", 1 << 24),
            Epsilon = (float)(json.Number("rms_norm_eps") ?? 1e-6),
            Rope = CheckpointRope.Read(json, headLength, context),
            TiedEmbedding = json.Flag("tie_word_embeddings", false),
            Json = json,
        };
        config.RefuseWhatIsNotComputed();
        return config;
    }

    private void RefuseWhatIsNotComputed()
    {
        if (Json.Has("quantization_config"))
        {
            throw Json.Refused("its weights are quantized already (quantization_config); convert the original checkpoint and quantize the result");
        }
        if (Json.Text("hidden_act") is { } activation and not ("silu" or "swish"))
        {
            throw Json.Refused($"the activation '{activation}' (hidden_act) is not supported, only silu is");
        }
        if (Json.Flag("mlp_bias", false))
        {
            throw Json.Refused("biases in the feed-forward (mlp_bias) are not supported");
        }
        if ((Json.Number("partial_rotary_factor") ?? Json.Section("rope_parameters")?.Number("partial_rotary_factor")) is { } part and not 1.0)
        {
            throw Json.Refused($"rotary embedding of part of a head (partial_rotary_factor {part}) is not supported");
        }
        if (UsesSlidingWindow())
        {
            throw Json.Refused("attention to a sliding window is not supported");
        }
        if (HeadCount % HeadCountKv != 0 || HeadLength % 2 != 0)
        {
            throw Json.Refused($"{HeadCount} heads of {HeadLength} with {HeadCountKv} heads of keys and values are not supported");
        }
    }

    /// <summary>Newer files name the kind of each block, older ones the number of blocks at the beginning that see the whole context.</summary>
    private bool UsesSlidingWindow() => Json.Has("layer_types")
        ? Json.Items("layer_types").Any(kind => Json.TextOf("layer_types", kind) != "full_attention")
        : Json.Flag("use_sliding_window", false) && Json.Has("sliding_window") && (Json.Number("max_window_layers") ?? 0) < BlockCount;
}
