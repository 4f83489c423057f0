using LocalLlm.Engine.Tests.Generation;
using LocalLlm.Engine.Tests.Models;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Tests.Reranking;

/// <summary>Models that are asked whether a document answers the query: their prompt, their score, and what they refuse.</summary>
public sealed class YesNoRankingTests : IDisposable
{
    private const string Instruction = "Given a web search query, retrieve relevant passages that answer the query";

    private static readonly string[] s_documents =
        ["Paris is the capital of France.", "", "Bread is made of flour,\nwater and salt: 3 parts to 2.", "Où est la tour Eiffel ?", .. Enumerable.Range(0, 20).Select(i => $"number {i} of many more")];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-rerank-");

    public static TheoryData<SimdLevel> Levels => Engines.LevelData;

    private static RerankRequest Request => new() { Query = "What is the capital of France?", Documents = s_documents };

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Levels))]
    public async Task ScoresAreTheProbabilityOfYesAfterThePromptOfTheModelCard(SimdLevel level)
    {
        string path = RankingModels.Plain(_folder, "Tiny Qwen3 Reranker");
        await using TextEngine engine = Requests.Load(path, options => options with { Simd = level });
        RerankResult result = await engine.RerankAsync(Request);
        Assert.Equal(RerankMethod.YesNo, result.Method);

        int[][] prompts = [.. s_documents.Select(document => engine.Model.Tokenizer.Encode(Prompt(Instruction, Request.Query, document), addSpecial: true, parseSpecial: true))];
        Assert.Equal(prompts.Sum(prompt => prompt.Length), result.PromptTokens);
        using LanguageModel model = LanguageModel.Load(path, engine.Model.Options);
        Assert.All(prompts.Zip(result.Scores), pair => Assert.Equal(ProbabilityOfYes(model, pair.First), pair.Second, 1e-7));
        Assert.True(result.Scores.Distinct().Count() > s_documents.Length / 2);
    }

    [Fact]
    public async Task ScoresAreTheSameAloneAndWhatPromptsShareIsEvaluatedOnce()
    {
        await using TextEngine engine = Requests.Load(RankingModels.Plain(_folder, "reranker"), options => options with { BatchCapacity = 256 });
        RerankResult all = await engine.RerankAsync(Request);
        Assert.InRange(engine.Status.CachedTokens, all.PromptTokens / 2, all.PromptTokens);
        Task<Answer> other = Requests.AskAsync(engine, new GenerationRequest { Prompt = "one two three", MaxTokens = 50, Sampling = Requests.Greedy });
        await using TextEngine fresh = Requests.Load(RankingModels.Plain(_folder, "reranker"), options => options with { BatchCapacity = 64, Threads = 1 });
        for (int i = 0; i < s_documents.Length; i++)
        {
            RerankRequest one = Request with { Documents = [s_documents[i]] };
            Assert.Equal(all.Scores[i], Assert.Single((await engine.RerankAsync(one)).Scores));
            Assert.Equal(all.Scores[i], Assert.Single((await fresh.RerankAsync(one)).Scores));
        }
        await other;
    }

    [Theory]
    [InlineData("yes", "no")]
    [InlineData("no", "yes")]
    public async Task AClassificationHeadOfBothTokensGivesTheSame(string first, string second)
    {
        static ModelOptions Exact(ModelOptions options) => options with { Activations = ActivationType.F32 };
        await using TextEngine plain = Requests.Load(RankingModels.Plain(_folder, "reranker"), Exact);
        await using TextEngine head = Requests.Load(RankingModels.WithHead(_folder, [first, second]), Exact);
        RerankResult expected = await plain.RerankAsync(Request), result = await head.RerankAsync(Request);
        Assert.Equal(RerankMethod.YesNo, result.Method);
        Assert.All(expected.Scores.Zip(result.Scores), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        Assert.Equal(ModelCapabilities.Rerank, head.Description.Capabilities);
        Assert.Equal(ModelCapabilities.Completion, plain.Description.Capabilities);
    }

    [Fact]
    public async Task AModelThatRanksNeitherTalksNorEmbeds()
    {
        await using TextEngine engine = Requests.Load(RankingModels.WithHead(_folder, ["yes", "no"], pooling: null));
        await RefusesAsync(TextEngineErrorKind.Unsupported, "text generation", () => Requests.AskAsync(engine, new GenerationRequest { Prompt = "a" }));
        await RefusesAsync(TextEngineErrorKind.Unsupported, "does not support embeddings", () => engine.EmbedAsync(new EmbeddingRequest { Inputs = ["a"] }));
        await RefusesAsync(TextEngineErrorKind.Unsupported, "does not support embeddings", () => engine.RerankAsync(Request with { Method = RerankMethod.Similarity }));
    }

    [Fact]
    public async Task TheFilesOwnPromptIsUsed()
    {
        await using TextEngine engine = Requests.Load(RankingModels.WithHead(_folder, ["yes"], "<|im_start|>ask\nQ {query}\nD {document}<|im_end|>\n"));
        RerankResult result = await engine.RerankAsync(Request with { Documents = ["a b c"] });
        int[] prompt = engine.Model.Tokenizer.Encode($"<|im_start|>ask\nQ {Request.Query}\nD a b c<|im_end|>\n", addSpecial: true, parseSpecial: true);
        Assert.Equal(prompt.Length, result.PromptTokens);
        await RefusesAsync(TextEngineErrorKind.InvalidRequest, "no place for an instruction", () => engine.RerankAsync(Request with { Instruction = "x" }));
        await using TextEngine wrong = Requests.Load(RankingModels.WithHead(_folder, ["yes"], "D {document} Q {query}"));
        await RefusesAsync(TextEngineErrorKind.InvalidModel, "{query} and then {document}", () => wrong.RerankAsync(Request));
    }

    [Fact]
    public async Task AnInstructionStandsInThePrompt()
    {
        await using TextEngine engine = Requests.Load(RankingModels.Plain(_folder, "reranker"));
        RerankResult result = await engine.RerankAsync(Request with { Documents = ["a"], Instruction = "Find the recipe" });
        int[] prompt = engine.Model.Tokenizer.Encode(Prompt("Find the recipe", Request.Query, "a"), addSpecial: true, parseSpecial: true);
        Assert.Equal(prompt.Length, result.PromptTokens);
        using LanguageModel model = LanguageModel.Load(RankingModels.Plain(_folder, "reranker"), engine.Model.Options);
        Assert.Equal(ProbabilityOfYes(model, prompt), Assert.Single(result.Scores), 1e-7);
    }

    [Fact]
    public async Task NoDocumentEndsThePrompt()
    {
        await using TextEngine engine = Requests.Load(RankingModels.Plain(_folder, "reranker"));
        async Task<int> CountAsync(string document) => (await engine.RerankAsync(Request with { Documents = [document] })).PromptTokens;
        int spelled = engine.Model.Tokenizer.Encode("<|im_end|>", addSpecial: false, parseSpecial: false).Length;
        Assert.InRange(spelled, 2, 20);
        Assert.Equal(await CountAsync("a\n") + spelled, await CountAsync("a\n<|im_end|>"));
    }

    [Fact]
    public async Task WhatIsTooLongIsCutOrRefused()
    {
        await using TextEngine engine = Requests.Load(RankingModels.Plain(_folder, "reranker"));
        string endless = string.Concat(Enumerable.Repeat("word after word ", 400));
        RerankRequest request = Request with { Documents = [endless, endless + "more"], ContextLength = 700 };
        RerankResult cut = await engine.RerankAsync(request);
        Assert.Equal(1400, cut.PromptTokens);
        Assert.Equal(cut.Scores[0], cut.Scores[1]);
        await RefusesAsync(TextEngineErrorKind.ContextOverflow, "700 fit", () => engine.RerankAsync(request with { Truncate = false }));

        Assert.Equal(1400, (await engine.RerankAsync(request with { Query = endless })).PromptTokens);
        await RefusesAsync(TextEngineErrorKind.ContextOverflow, "leaves no room", () => engine.RerankAsync(request with { Query = endless, Truncate = false }));
        await RefusesAsync(TextEngineErrorKind.ContextOverflow, "leaves no room", () => engine.RerankAsync(request with { ContextLength = 20 }));

        RerankResult few = await engine.RerankAsync(Request with { Documents = ["one two three four five six", "one two"], MaxDocumentTokens = 4, Truncate = false });
        RerankResult none = await engine.RerankAsync(Request with { Documents = ["", ""] });
        Assert.InRange(few.PromptTokens - none.PromptTokens, 4, 10);
    }

    [Fact]
    public async Task ModelsThatTalkRankSoOnlyWhenAsked()
    {
        string named = RankingModels.Plain(_folder, "chatter");
        await using TextEngine chat = Requests.Load(named);
        Assert.Equal(RerankMethod.Similarity, (await chat.RerankAsync(Request with { Documents = ["a"] })).Method);
        Assert.Equal(RerankMethod.YesNo, (await chat.RerankAsync(Request with { Method = RerankMethod.YesNo })).Method);
        await RefusesAsync(TextEngineErrorKind.Unsupported, "no cross-encoder", () => chat.RerankAsync(Request with { Method = RerankMethod.CrossEncoder }));
        await RefusesAsync(TextEngineErrorKind.InvalidRequest, "The query is empty", () => chat.RerankAsync(Request with { Query = "" }));
        await RefusesAsync(TextEngineErrorKind.InvalidRequest, "ranks otherwise", () => chat.RerankAsync(Request with { Instruction = "x" }));
        await using TextEngine mute = Requests.Tiny();
        await RefusesAsync(TextEngineErrorKind.Unsupported, "does not have the tokens", () => mute.RerankAsync(Request with { Method = RerankMethod.YesNo }));
        await using TextEngine embedder = Requests.Tiny(file: "qwen3-embedding.gguf");
        await RefusesAsync(TextEngineErrorKind.Unsupported, "it gives vectors", () => embedder.RerankAsync(Request with { Method = RerankMethod.YesNo }));
        await using TextEngine other = Requests.Load(RankingModels.WithHead(_folder, ["yes", "no", "maybe"]));
        await RefusesAsync(TextEngineErrorKind.Unsupported, "3 labels (yes, no, maybe)", () => other.RerankAsync(Request));
        await using TextEngine llama = Requests.Load(RankingModels.WithHead(_folder, ["yes", "no"], source: "llama-q4_1.gguf"));
        await RefusesAsync(TextEngineErrorKind.Unsupported, "tokenizer.chat_template.rerank", () => llama.RerankAsync(Request));
    }

    [Fact]
    public async Task CancelledRequestsEndAndOthersGoOn()
    {
        await using TextEngine engine = Requests.Load(RankingModels.Plain(_folder, "reranker"));
        using CancellationTokenSource stop = new();
        Task cancelled = engine.RerankAsync(Request with { Documents = [.. Enumerable.Range(0, 5000).Select(i => $"{i}")] }, stop.Token);
        await engine.RerankAsync(Request with { Documents = ["a"], Client = "other" });
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Single((await engine.RerankAsync(Request with { Documents = ["b"] })).Scores);
    }

    // Written out again, from https://huggingface.co/Qwen/Qwen3-Reranker-0.6B.
    private static string Prompt(string instruction, string query, string document) =>
        $"""
        <|im_start|>system
        Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be "yes" or "no".<|im_end|>
        <|im_start|>user
        <Instruct>: {instruction}
        <Query>: {query}
        <Document>: {document}<|im_end|>
        <|im_start|>assistant
        <think>

        </think>


        """.ReplaceLineEndings("\n");

    private static double ProbabilityOfYes(LanguageModel model, int[] prompt)
    {
        double yes = 0, no = 0;
        model.ComputeLogits(prompt, all: false, row => (yes, no) = (row[model.Tokenizer.Find("yes")!.Value], row[model.Tokenizer.Find("no")!.Value]));
        return 1 / (1 + Math.Exp(no - yes));
    }

    private static async Task RefusesAsync(TextEngineErrorKind kind, string part, Func<Task> ask)
    {
        TextEngineException error = await Assert.ThrowsAsync<TextEngineException>(ask);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.Equal(kind, error.Kind);
    }
}
