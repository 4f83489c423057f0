namespace LocalLlm.Engine;

/// <summary>How a model scores a document for a query.</summary>
public enum RerankMethod
{
    /// <summary>Query and document go through an encoder together, and a classification head scores the pair: the sigmoid of its one logit, 0 to 1.</summary>
    CrossEncoder,

    /// <summary>A model that talks is asked whether the document answers the query: the probability of "yes" where only "yes" and "no" can be said, 0 to 1.</summary>
    YesNo,

    /// <summary>Query and document are embedded apart: the cosine of their vectors, -1 to 1.</summary>
    Similarity,
}

/// <summary>Documents to score for a query.</summary>
public sealed record RerankRequest
{
    /// <summary>What is looked for.</summary>
    public required string Query { get; init; }

    /// <summary>Where it may stand.</summary>
    public required IReadOnlyList<string> Documents { get; init; }

    /// <summary>How to score; null for what the model was made for, and <see cref="RerankMethod.Similarity"/> if that was not ranking.</summary>
    public RerankMethod? Method { get; init; }

    /// <summary>What makes a document relevant, for <see cref="RerankMethod.YesNo"/>; null for the model's own instruction, which is about web search.</summary>
    public string? Instruction { get; init; }

    /// <summary>Cut documents that do not fit beside the query at their end, and a query that takes more than half of the room (true), or refuse them.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>Leading tokens of each document that are read; null for as many as fit.</summary>
    public int? MaxDocumentTokens { get; init; }

    /// <summary>Positions that query and document may use together, and apart for <see cref="RerankMethod.Similarity"/>; null for what the model was loaded with.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Who asks, as in <see cref="GenerationRequest.Client"/>.</summary>
    public string Client { get; init; } = "";
}

/// <summary>Scores of the documents, in their order; the more relevant, the higher.</summary>
/// <param name="Scores">One for each document, in the range that the method has.</param>
/// <param name="Method">How they were scored.</param>
/// <param name="PromptTokens">Tokens of all that was read.</param>
public sealed record RerankResult(IReadOnlyList<float> Scores, RerankMethod Method, int PromptTokens);
