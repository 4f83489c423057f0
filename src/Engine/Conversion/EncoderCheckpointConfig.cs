using System.Text.Json;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Conversion;

/// <summary>The shape of a BERT encoder as its <c>config.json</c> gives it. What would make the model compute something that the engine does not is refused here.</summary>
internal sealed record EncoderCheckpointConfig
{
    private const string Embedder = "BertModel", Ranker = "BertForSequenceClassification";

    /// <summary>The classes that can be converted, for messages.</summary>
    public const string Supported = $"{Embedder}, {Ranker}";

    /// <summary>Number of transformer blocks.</summary>
    public required int BlockCount { get; init; }

    /// <summary>Width of the hidden states.</summary>
    public required int EmbeddingLength { get; init; }

    /// <summary>Width of the feed-forward's inner layer.</summary>
    public required int FeedForwardLength { get; init; }

    /// <summary>Heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Positions that there are embeddings for.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Rows of the token embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Rows of the embedding of token types.</summary>
    public required int TokenTypeCount { get; init; }

    /// <summary>Epsilon of every LayerNorm.</summary>
    public required float Epsilon { get; init; }

    /// <summary>Whether it has a classification head with one score: a cross-encoder.</summary>
    public required bool Ranks { get; init; }

    /// <summary>Whether a configuration is one of an encoder that can be converted.</summary>
    public static bool Describes(JsonSection json) =>
        json.Items("architectures").FirstOrDefault() is { ValueKind: JsonValueKind.String } name && name.GetString() is Embedder or Ranker;

    /// <summary>Reads the configuration of a checkpoint that <see cref="Describes"/> is true of.</summary>
    /// <exception cref="TextEngineException">It contradicts itself, or describes a model that cannot be converted.</exception>
    public static EncoderCheckpointConfig Read(JsonSection json)
    {
        EncoderCheckpointConfig config = new()
        {
            BlockCount = json.Count("num_hidden_layers", 1 << 10),
            EmbeddingLength = json.Count("hidden_size", 1 << 20),
            FeedForwardLength = json.Count("intermediate_size", 1 << 22),
            HeadCount = json.Count("num_attention_heads", 1 << 12),
            ContextLength = json.Count("max_position_embeddings", 1 << 20),
            VocabularySize = json.Count("vocab_size", 1 << 24),
            TokenTypeCount = json.OptionalCount("type_vocab_size", 1 << 12) ?? 2,
            Epsilon = (float)(json.Number("layer_norm_eps") ?? 1e-12),
            Ranks = json.Items("architectures").First().GetString() == Ranker,
        };
        config.RefuseWhatIsNotComputed(json);
        return config;
    }

    private void RefuseWhatIsNotComputed(JsonSection json)
    {
        if (json.Has("quantization_config"))
        {
            throw json.Refused("its weights are quantized already (quantization_config); convert the original checkpoint and quantize the result");
        }
        if (json.Text("hidden_act") is { } activation and not "gelu")
        {
            throw json.Refused($"the activation {GgufFormatException.Quote(activation)} (hidden_act) is not supported, only gelu is");
        }
        if (json.Text("position_embedding_type") is { } positions and not "absolute")
        {
            throw json.Refused($"positions of the kind {GgufFormatException.Quote(positions)} (position_embedding_type) are not supported, only absolute ones are");
        }
        if (json.Flag("is_decoder", false))
        {
            throw json.Refused("a BERT that decodes (is_decoder) is not supported");
        }
        if (EmbeddingLength % HeadCount != 0)
        {
            throw json.Refused($"a width of {EmbeddingLength} (hidden_size) cannot be shared by {HeadCount} heads (num_attention_heads)");
        }
        // transformers writes the names of the labels, and none for its default of two.
        int labels = json.Section("id2label")?.Element.EnumerateObject().Count() ?? json.OptionalCount("num_labels", 1 << 20) ?? 2;
        if (Ranks && labels != 1)
        {
            throw json.Refused($"it puts texts into {labels} classes (id2label); of such models only those with one score, which rank, are supported");
        }
    }
}
