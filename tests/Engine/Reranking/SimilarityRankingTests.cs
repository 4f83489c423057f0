using LocalLlm.Engine.Tests.Encoders;
using LocalLlm.Engine.Tests.Generation;

namespace LocalLlm.Engine.Tests.Reranking;

/// <summary>Ranking by the cosine of vectors, with encoders and with models that talk.</summary>
public sealed class SimilarityRankingTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-rerank-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(null)]
    [InlineData("qwen3-q8_0.gguf")]
    [InlineData("qwen3-embedding.gguf")]
    public async Task ScoresAreCosinesAndTheSameAlone(string? file)
    {
        await using ITextEngine engine = Open(file);
        RerankRequest request = new() { Query = "a b", Documents = ["b a", "a b", "c, d. e", "x"] };
        RerankResult result = await engine.RerankAsync(request);
        EmbeddingResult vectors = await engine.EmbedAsync(new EmbeddingRequest { Inputs = [request.Query, .. request.Documents] });
        Assert.Equal((RerankMethod.Similarity, vectors.PromptTokens), (result.Method, result.PromptTokens));
        for (int i = 0; i < request.Documents.Count; i++)
        {
            double cosine = vectors.Vectors[0].Zip(vectors.Vectors[i + 1], (a, b) => (double)a * b).Sum();
            Assert.Equal(cosine, result.Scores[i], 1e-5);
            Assert.Equal(result.Scores[i], Assert.Single((await engine.RerankAsync(request with { Documents = [request.Documents[i]] })).Scores));
        }
        Assert.Equal(1, result.Scores[1], 1e-5);
        Assert.True(result.Scores.Distinct().Count() >= 3);
    }

    [Fact]
    public async Task DocumentsAreCutWhereTheRequestSays()
    {
        await using ITextEngine engine = Open(null);
        RerankRequest request = new() { Query = "a b", Documents = ["c d e f g", "c d"], MaxDocumentTokens = 2, Truncate = false };
        RerankResult result = await engine.RerankAsync(request);
        Assert.Equal(result.Scores[1], result.Scores[0]);
        Assert.Equal(3 * 4, result.PromptTokens);
        RerankResult whole = await engine.RerankAsync(request with { MaxDocumentTokens = 100 });
        Assert.NotEqual(whole.Scores[1], whole.Scores[0]);
        Assert.Equal(whole.Scores, (await engine.RerankAsync(request with { MaxDocumentTokens = int.MaxValue })).Scores);
        TextEngineException error = await Assert.ThrowsAsync<TextEngineException>(() => engine.RerankAsync(request with { MaxDocumentTokens = null, ContextLength = 4 }));
        Assert.Equal(TextEngineErrorKind.ContextOverflow, error.Kind);
    }

    [Fact]
    public async Task NoDocumentsHaveNoScores()
    {
        await using ITextEngine engine = Open(null);
        Assert.Empty((await engine.RerankAsync(new RerankRequest { Query = "a", Documents = [] })).Scores);
    }

    [Theory]
    [InlineData(RerankMethod.CrossEncoder, "no cross-encoder")]
    [InlineData(RerankMethod.YesNo, "it is an encoder")]
    public async Task OtherMethodsAreRefused(RerankMethod method, string part)
    {
        await using ITextEngine engine = Open(null);
        TextEngineException error = await Assert.ThrowsAsync<TextEngineException>(() => engine.RerankAsync(new RerankRequest { Query = "a", Documents = ["b"], Method = method }));
        Assert.Equal(TextEngineErrorKind.Unsupported, error.Kind);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    private ITextEngine Open(string? file) => file is null
        ? TextEngines.Open(new SmallEncoder().Write(_folder), new ModelOptions { Threads = 2 })
        : Requests.Tiny(file: file);
}
