namespace LocalLlm.Server.Http.Native;

/// <summary>Answer of <c>/api/embed</c>.</summary>
internal sealed record EmbedAnswer
{
    /// <summary>The model's name as the client wrote it.</summary>
    public required string Model { get; init; }

    /// <summary>One vector for each input, in their order; empty if there was none.</summary>
    public required IReadOnlyList<float[]> Embeddings { get; init; }

    /// <summary>Nanoseconds from the request's arrival to the end; null when the model was only loaded, as the rest.</summary>
    public long? TotalDuration { get; init; }

    /// <summary>Nanoseconds from the request's arrival until the model was ready.</summary>
    public long? LoadDuration { get; init; }

    /// <summary>Tokens of all inputs; 0 is written, since clients fail without it.</summary>
    public int? PromptEvalCount { get; init; }
}

/// <summary>Answer of the deprecated <c>/api/embeddings</c>.</summary>
/// <param name="Embedding">The vector; empty if there was no prompt.</param>
internal sealed record EmbeddingsAnswer(float[] Embedding);
