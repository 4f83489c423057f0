namespace LocalLlm.Server.Http.Native;

/// <summary>Answer of <c>/api/rerank</c>.</summary>
internal sealed record RerankAnswer
{
    /// <summary>The model's name as the client wrote it.</summary>
    public required string Model { get; init; }

    /// <summary>How the documents were scored: <c>cross-encoder</c>, <c>yes-no</c> or <c>similarity</c>.</summary>
    public required string Method { get; init; }

    /// <summary>The documents, the most relevant first.</summary>
    public required IReadOnlyList<RankedDocument> Results { get; init; }

    /// <summary>Nanoseconds from the request's arrival to the end.</summary>
    public required long TotalDuration { get; init; }

    /// <summary>Nanoseconds from the request's arrival until the model was ready.</summary>
    public required long LoadDuration { get; init; }

    /// <summary>Tokens of all that the model read: of the query once for each document, unless they are compared by similarity.</summary>
    public required int PromptEvalCount { get; init; }
}
