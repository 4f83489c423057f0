using LocalLlm.Engine;
using LocalLlm.Engine.Sampling;
using LocalLlm.Server.Runners;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Runners;

/// <summary>Models in processes of their own answer as models in this one.</summary>
public sealed class RunnerEngineTests : IDisposable
{
    private readonly RealRunner _runners = new();

    [Fact]
    public async Task ItAnswersAsAnEngineInThisProcess()
    {
        GenerationRequest request = new()
        {
            Prompt = "one two",
            MaxTokens = 40,
            Sampling = new SamplingOptions { Seed = 3, Temperature = 1.5f },
            LogProbabilities = true,
            TopLogProbabilities = 3,
        };
        await using RunnerEngine engine = await _runners.StartAsync();
        await using TextEngine here = new(LanguageModel.Load(RepoPaths.Vector("models", "qwen3-q8_0.gguf"), RealRunner.Options));
        List<GenerationEvent> expected = await here.GenerateAsync(request).ToListAsync();
        List<GenerationEvent> actual = await engine.GenerateAsync(request).ToListAsync();
        Specimen.AssertSame(expected[0], actual[0]);
        // How much text goes into one event is a matter of time; the texts and tokens are not.
        Specimen.AssertSame(TextOf(expected), TextOf(actual));
        Specimen.AssertSame(TokensOf(expected), TokensOf(actual));
        GenerationFinished finished = Assert.IsType<GenerationFinished>(actual[^1]);
        GenerationFinished expectedEnd = (GenerationFinished)expected[^1];
        Assert.Equal((expectedEnd.Reason, expectedEnd.Usage.GeneratedTokens), (finished.Reason, finished.Usage.GeneratedTokens));
        Assert.Equal(expectedEnd.Context, finished.Context);

        Assert.Equal(here.Description with { MemoryBytes = 0 }, engine.Description with { MemoryBytes = 0 });
        Assert.Equal(await here.TokenizeAsync("one é two", true, true), await engine.TokenizeAsync("one é two", true, true));
        Assert.Equal(await here.DetokenizeAsync([5, 6, 7]), await engine.DetokenizeAsync([5, 6, 7]));
        Assert.Equal(await here.RenderAsync(request), await engine.RenderAsync(request));
        EmbeddingRequest texts = new() { Inputs = ["one two", "three"], Truncate = false };
        Specimen.AssertSame(await here.EmbedAsync(texts), await engine.EmbedAsync(texts));
        RerankRequest ranking = new() { Query = "one", Documents = ["two", "one two", "three"] };
        Specimen.AssertSame(await here.RerankAsync(ranking), await engine.RerankAsync(ranking));
        TextEngineException refusal = await Assert.ThrowsAsync<TextEngineException>(() => engine.EmbedAsync(texts with { ContextLength = 1 }));
        Assert.Equal(TextEngineErrorKind.ContextOverflow, refusal.Kind);
        Assert.False(engine.Ended.IsCompleted);
    }

    [Fact]
    public async Task VectorsAreTheSameBits()
    {
        EmbeddingRequest request = new() { Inputs = ["one two", "three"] };
        await using RunnerEngine engine = await _runners.StartAsync("qwen3-embedding.gguf");
        await using TextEngine here = new(LanguageModel.Load(RepoPaths.Vector("models", "qwen3-embedding.gguf"), RealRunner.Options));
        Specimen.AssertSame(await here.EmbedAsync(request), await engine.EmbedAsync(request));
    }

    [Fact]
    public async Task ManyCallsAtOnceKeepApart()
    {
        await using RunnerEngine engine = await _runners.StartAsync();
        GenerationRequest[] requests =
        [
            .. Enumerable.Range(0, 40).Select(i => new GenerationRequest { Prompt = $"number {i}", MaxTokens = 5, Sampling = new SamplingOptions { Temperature = 0 } }),
        ];
        string[] together = await Task.WhenAll(requests.Select(async request => TextOf(await engine.GenerateAsync(request).ToListAsync())));
        for (int i = 0; i < requests.Length; i++)
        {
            Assert.Equal(TextOf(await engine.GenerateAsync(requests[i]).ToListAsync()), together[i]);
        }
    }

    [Fact]
    public async Task ErrorsOfLoadingComeBack()
    {
        string text = Path.Combine(_runners.Folder, "text.sock"); // goes with the folder
        File.WriteAllText(text, "no model at all");
        foreach (string path in new[] { text, Path.Combine(_runners.Folder, "missing.gguf") })
        {
            TextEngineException here = Assert.Throws<TextEngineException>(() => LanguageModel.Load(path, RealRunner.Options));
            TextEngineException there = await Assert.ThrowsAsync<TextEngineException>(
                () => _runners.Launch().StartAsync(path, RealRunner.Options, CancellationToken.None));
            Assert.Equal((here.Kind, here.Message), (there.Kind, there.Message));
        }
        Assert.Empty(_runners.Log.Lines);
    }

    [Fact]
    public async Task AProgramThatIsMissingIsSaid()
    {
        RunnerProgram missing = new(Path.Combine(_runners.Folder, "missing"), []);
        TextEngineException told = await Assert.ThrowsAsync<TextEngineException>(
            () => _runners.Launch(missing).StartAsync("model", RealRunner.Options, CancellationToken.None));
        Assert.Equal(TextEngineErrorKind.Internal, told.Kind);
        Assert.StartsWith("the model runner could not be started (", told.Message, StringComparison.Ordinal);
    }

    [UnixFact]
    public async Task ARunnerThatDiesWhileItLoadsSaysWhatItCan()
    {
        RunnerProgram dying = new("/bin/sh", ["-c", "echo '{}'; echo 'no luck' >&2; echo today >&2; exit 3"]);
        TextEngineException told = await Assert.ThrowsAsync<TextEngineException>(
            () => _runners.Launch(dying).StartAsync("/model", RealRunner.Options, CancellationToken.None));
        Assert.Equal("the model runner ended unexpectedly (exit code 3) while it loaded /model: no luck today", told.Message);
        Assert.Contains(_runners.Log.Lines, line => line.EndsWith(": no luck", StringComparison.Ordinal));
    }

    [UnixFact]
    public async Task AProgramThatIsNoRunnerIsEnded()
    {
        RunnerProgram other = new("/bin/sh", ["-c", "echo hello; exec sleep 1000"]);
        TextEngineException told = await Assert.ThrowsAsync<TextEngineException>(
            () => _runners.Launch(other).StartAsync("/model", RealRunner.Options, CancellationToken.None));
        Assert.Equal("the model runner ended unexpectedly (exit code 137) while it loaded /model", told.Message);
    }

    [UnixFact]
    public async Task ALoadCanBeGivenUp()
    {
        // Reports that it lives, and no more.
        RunnerProgram slow = new("/bin/sh", ["-c", "echo '{}'; cat >/dev/null"]);
        using CancellationTokenSource cancelled = new();
        Task<RunnerEngine> loading = _runners.Launch(slow).StartAsync("/model", RealRunner.Options, cancelled.Token);
        Assert.False(loading.IsCompleted);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loading);
    }

    public void Dispose() => _runners.Dispose();

    private static string TextOf(IEnumerable<GenerationEvent> events) => string.Concat(events.OfType<TextDelta>().Select(delta => delta.Text));

    private static List<TokenLogProbability> TokensOf(IEnumerable<GenerationEvent> events) => [.. events.OfType<TextDelta>().SelectMany(delta => delta.LogProbabilities)];
}
