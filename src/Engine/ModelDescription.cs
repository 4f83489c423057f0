namespace LocalLlm.Engine;

/// <summary>What a model can be asked to do.</summary>
[Flags]
public enum ModelCapabilities
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Continues text and chats.</summary>
    Completion = 1,

    /// <summary>Was trained to embed: its metadata names a pooling type.</summary>
    Embedding = 2,

    /// <summary>Takes tool definitions and its tool calls are parsed.</summary>
    Tools = 4,

    /// <summary>Thinks before it answers, and its thinking is told apart from the answer.</summary>
    Thinking = 8,

    /// <summary>Fills in between a prefix and a suffix.</summary>
    Insert = 16,

    /// <summary>Was made to score documents for a query: its file has a classification head.</summary>
    Rerank = 32,
}

/// <summary>Facts of a loaded model.</summary>
public sealed record ModelDescription
{
    /// <summary>GGUF architecture, for example <c>qwen3</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Number of weights.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>Name of the file's quantization, for example <c>Q4_K_M</c>.</summary>
    public required string Quantization { get; init; }

    /// <summary>Positions that the model was trained for.</summary>
    public required int TrainedContextLength { get; init; }

    /// <summary>Positions that a request uses at most where it asks for no other number.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Positions that a request can ask for: what the model was trained for, or fewer where the memory for keys and values is smaller.</summary>
    public required int MaxContextLength { get; init; }

    /// <summary>Width of the residual stream, and of an embedding.</summary>
    public required int EmbeddingLength { get; init; }

    /// <summary>What the model can be asked to do.</summary>
    public required ModelCapabilities Capabilities { get; init; }

    /// <summary>Bytes that the loaded model occupies: mapped weights, cache and buffers.</summary>
    public required long MemoryBytes { get; init; }
}
