using LocalLlm.Engine.Tokenization;
using LocalLlm.Engine.Transformer;

namespace LocalLlm.Engine.Reranking;

/// <summary>Ranks with any model that embeds: by the cosine of the query's vector and each document's.</summary>
internal static class SimilarityRanking
{
    /// <summary>Scores the documents of a request.</summary>
    /// <param name="engine">Embeds.</param>
    /// <param name="tokenizer">Its tokenizer, which says what is put around a text.</param>
    /// <param name="request">Query and documents.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="TextEngineException">As for <see cref="ITextEngine.EmbedAsync"/>.</exception>
    public static async Task<RerankResult> RankAsync(ITextEngine engine, Tokenizer tokenizer, RerankRequest request, CancellationToken cancellationToken)
    {
        EmbeddingRequest query = new() { Inputs = [request.Query], Truncate = request.Truncate, ContextLength = request.ContextLength, Client = request.Client };
        EmbeddingResult[] results = await Task.WhenAll(
            engine.EmbedAsync(query, cancellationToken),
            engine.EmbedAsync(Shortened(query with { Inputs = request.Documents }, request.MaxDocumentTokens, engine, tokenizer), cancellationToken)).ConfigureAwait(false);
        float[] wanted = results[0].Vectors[0];
        return new RerankResult(
            [.. results[1].Vectors.Select(vector => (float)Math.Clamp(PortableMath.Dot(wanted, vector), -1, 1))],
            RerankMethod.Similarity,
            results[0].PromptTokens + results[1].PromptTokens);
    }

    /// <summary>A smaller context cuts as a limit for documents does: whoever sets one wants them cut.</summary>
    private static EmbeddingRequest Shortened(EmbeddingRequest documents, int? most, ITextEngine engine, Tokenizer tokenizer)
    {
        int around = (tokenizer.AddBos ? 1 : 0) + (tokenizer.AddEos ? 1 : 0);
        return most is { } tokens && tokens < (documents.ContextLength ?? engine.Description.ContextLength) - around
            ? documents with { Truncate = true, ContextLength = tokens + around }
            : documents;
    }
}
