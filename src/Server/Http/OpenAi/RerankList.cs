namespace LocalLlm.Server.Http.OpenAi;

/// <summary>Answer of <c>/v1/rerank</c>.</summary>
/// <param name="Id">Of this answer alone.</param>
/// <param name="Model">The model's name as the client wrote it.</param>
/// <param name="Results">The documents, the most relevant first.</param>
/// <param name="Method">How they were scored: <c>cross-encoder</c>, <c>yes-no</c> or <c>similarity</c>. Other servers do not say.</param>
/// <param name="Usage">Token counts: the query counts once for each document, unless they are compared by similarity.</param>
internal sealed record RerankList(string Id, string Model, IReadOnlyList<RankedDocument> Results, string Method, EmbeddingUsage Usage);
