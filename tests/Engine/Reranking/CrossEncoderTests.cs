using LocalLlm.Engine.Tests.Encoders;
using LocalLlm.Engine.Tests.Models;
using LocalLlm.Gguf;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Tests.Reranking;

/// <summary>Cross-encoders: scores of a reference in double precision, the same bits at every level and in every batch, and what they refuse.</summary>
public sealed class CrossEncoderTests : IDisposable
{
    private static readonly RerankRequest s_request = new() { Query = "ab, c", Documents = ["d e f.", "", "ab, c", "x y, z. abc", "[SEP] q"] };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-rerank-");

    public static TheoryData<SimdLevel, GgmlType, bool, int> Cases
    {
        get
        {
            TheoryData<SimdLevel, GgmlType, bool, int> data = [];
            foreach (SimdLevel level in Engines.Levels)
            {
                data.Add(level, GgmlType.F32, true, 2);
                data.Add(level, GgmlType.F16, false, 2);
                data.Add(level, GgmlType.Q8_0, true, 2);
                data.Add(level, GgmlType.F32, true, 1);
            }
            return data;
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task ScoresAreThoseOfTheReference(SimdLevel level, GgmlType type, bool dense, int types)
    {
        string path = new SmallEncoder { Type = type, Pooling = 4, Labels = 1, Dense = dense, Types = types }.Write(_folder);
        using EncoderReference reference = new(path);
        await using ITextEngine engine = TextEngines.Open(path, new ModelOptions { Simd = level, Threads = 2 });
        RerankResult result = await engine.RerankAsync(s_request);
        Assert.Equal(RerankMethod.CrossEncoder, result.Method);
        int count = 0;
        for (int i = 0; i < s_request.Documents.Count; i++)
        {
            // [CLS] is 1 and [SEP] is 2.
            int[] query = [1, .. await engine.TokenizeAsync(s_request.Query, addSpecial: false, parseSpecial: false), 2];
            int[] pair = [.. query, .. await engine.TokenizeAsync(s_request.Documents[i], addSpecial: false, parseSpecial: false), 2];
            double expected = reference.Score(pair, types == 1 ? pair.Length : query.Length);
            Assert.Equal(expected, result.Scores[i], type == GgmlType.Q8_0 ? 0.02 : 1e-5);
            count += pair.Length;
        }
        Assert.Equal(count, result.PromptTokens);
        Assert.Equal(s_request.Documents.Count, result.Scores.Distinct().Count());
    }

    [Theory]
    [InlineData(GgmlType.F32)]
    [InlineData(GgmlType.Q8_0)]
    public async Task BitsDependNeitherOnTheLevelNorOnThreadsNorOnTheBatch(GgmlType type)
    {
        string path = new SmallEncoder { Type = type, Pooling = null, Labels = 1, Dense = true }.Write(_folder);
        RerankRequest request = s_request with { Documents = [.. Enumerable.Range(0, 60).Select(i => string.Concat(Enumerable.Repeat($"{(char)('a' + (i % 26))} ", i % 17)))] };
        IReadOnlyList<float>? expected = null;
        foreach (SimdLevel level in Engines.Levels)
        {
            foreach (int threads in new[] { 1, 3 })
            {
                await using ITextEngine engine = TextEngines.Open(path, new ModelOptions { Simd = level, Threads = threads, BatchCapacity = 64 });
                RerankResult together = await engine.RerankAsync(request);
                Assert.Equal(expected ?? together.Scores, together.Scores);
                RerankResult[] alone = await Task.WhenAll(request.Documents.Select(document => engine.RerankAsync(request with { Documents = [document] })));
                Assert.Equal(together.Scores, alone.Select(one => one.Scores[0]));
                expected = together.Scores;
            }
        }
    }

    [Fact]
    public async Task WhatIsTooLongIsCutOrRefused()
    {
        await using ITextEngine engine = Open();
        string endless = string.Concat(Enumerable.Repeat("a b ", 50));
        RerankRequest request = new() { Query = "c d", Documents = [endless, endless + "c"] };
        RerankResult cut = await engine.RerankAsync(request);
        Assert.Equal(2 * SmallEncoder.Context, cut.PromptTokens);
        Assert.Equal(cut.Scores[0], cut.Scores[1]);
        await RefusesAsync(TextEngineErrorKind.ContextOverflow, "105 tokens, 40 fit", () => engine.RerankAsync(request with { Truncate = false }));

        // Half of the 37 tokens beside [CLS] and [SEP].
        RerankResult query = await engine.RerankAsync(request with { Query = endless, Documents = ["c", endless] });
        Assert.Equal(1 + 18 + 1 + 1 + 1 + SmallEncoder.Context, query.PromptTokens);
        await RefusesAsync(TextEngineErrorKind.ContextOverflow, "leaves no room", () => engine.RerankAsync(request with { Query = endless, Truncate = false }));
        await RefusesAsync(TextEngineErrorKind.ContextOverflow, "leaves no room", () => engine.RerankAsync(request with { ContextLength = 4 }));

        RerankResult few = await engine.RerankAsync(request with { Documents = ["a b c", "a b"], MaxDocumentTokens = 2, Truncate = false });
        Assert.Equal(few.Scores[0], few.Scores[1]);
        Assert.Equal(2 * 7, few.PromptTokens);
    }

    [Fact]
    public async Task ItRanksAndDoesNothingElse()
    {
        await using ITextEngine engine = Open();
        Assert.Equal(ModelCapabilities.Rerank, engine.Description.Capabilities);
        Assert.Empty((await engine.RerankAsync(s_request with { Documents = [] })).Scores);
        await RefusesAsync(TextEngineErrorKind.Unsupported, "does not support embeddings", () => engine.EmbedAsync(new EmbeddingRequest { Inputs = ["a"] }));
        await RefusesAsync(TextEngineErrorKind.Unsupported, "does not support embeddings", () => engine.RerankAsync(s_request with { Method = RerankMethod.Similarity }));
        await RefusesAsync(TextEngineErrorKind.Unsupported, "it is an encoder", () => engine.RerankAsync(s_request with { Method = RerankMethod.YesNo }));
        await RefusesAsync(TextEngineErrorKind.InvalidRequest, "ranks otherwise", () => engine.RerankAsync(s_request with { Instruction = "i" }));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public void AModelWithoutTheTokensOfAPairIsRefused(bool cls, bool sep)
    {
        string path = new SmallEncoder { Pooling = 4, Labels = 1, HasCls = cls, HasSep = sep }.Write(_folder);
        TextEngineException error = Assert.Throws<TextEngineException>(() => TextEngines.Open(path, new ModelOptions { Threads = 1 }));
        Assert.Equal(TextEngineErrorKind.InvalidModel, error.Kind);
        Assert.Contains("does not name the tokens [CLS] and [SEP]", error.Message, StringComparison.Ordinal);
    }

    private ITextEngine Open() => TextEngines.Open(new SmallEncoder { Pooling = 4, Labels = 1, Dense = true }.Write(_folder), new ModelOptions { Threads = 2 });

    private static async Task RefusesAsync(TextEngineErrorKind kind, string part, Func<Task> ask)
    {
        TextEngineException error = await Assert.ThrowsAsync<TextEngineException>(ask);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.Equal(kind, error.Kind);
    }
}
