using LocalLlm.Engine;
using LocalLlm.Server.Runners;
using LocalLlm.Server.Runners.Child;

namespace LocalLlm.Server.Tests.Runners;

/// <summary>Both ends of a runner's socket, in one process, with a scripted engine. What does not happen here hangs, so no time is measured.</summary>
public sealed class RunnerCallTests : IDisposable
{
    private static readonly TextEngineException s_lost = new(TextEngineErrorKind.Lost, "gone");

    private readonly RunnerFolder _folder = RunnerFolder.Create(_ => null);
    private readonly CancellationTokenSource _gone = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _log = [];
    private RunnerServer? _server;

    [Fact]
    public async Task EventsArriveAsTheyLeft()
    {
        ScriptedEngine engine = new() { Pieces = ["Hel", "", "lo\n\n", "😀", .. Enumerable.Range(0, 5000).Select(i => $" {i}")], Truncation = new Truncation(1, 2, 3) };
        GenerationRequest request = new() { Prompt = "x", LogProbabilities = true, TopLogProbabilities = 2 };
        List<GenerationEvent> expected = await engine.GenerateAsync(request).ToListAsync();
        List<GenerationEvent> actual = await Serve(engine).GenerateAsync(request, CancellationToken.None).ToListAsync();
        Specimen.AssertSame(expected, actual);
        Specimen.AssertSame(request, engine.Requests.Last());
    }

    [Fact]
    public async Task AllMembersAnswer()
    {
        ScriptedEngine engine = new();
        RunnerClient client = Serve(engine);
        EmbeddingResult embedding = await client.EmbedAsync(new EmbeddingRequest { Inputs = ["a", "b"] }, CancellationToken.None);
        Assert.Equal([[0.6f, -0.8f], [0.6f, -0.8f]], embedding.Vectors);
        Assert.Equal(4, embedding.PromptTokens);
        RerankResult ranking = await client.RerankAsync(new RerankRequest { Query = "q", Documents = ["a", "bb"] }, CancellationToken.None);
        Assert.Equal([0.1f, 0.2f], ranking.Scores);
        Assert.Equal((RerankMethod.Similarity, 6), (ranking.Method, ranking.PromptTokens));
        Assert.Equal("p", await client.RenderAsync(new GenerationRequest { Prompt = "p" }, CancellationToken.None));
        Assert.Equal("t1 t2", await client.DetokenizeAsync([1, 2], CancellationToken.None));
        Assert.Equal("", await client.DetokenizeAsync([], CancellationToken.None));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(1000)]
    public async Task AnyNumberOfVectorsArrivesInOrder(int count)
    {
        ScriptedEngine engine = new() { Embed = request => new EmbeddingResult([.. request.Inputs.Select((_, i) => new[] { i, 1f / i })], 7) };
        EmbeddingResult result = await Serve(engine).EmbedAsync(new EmbeddingRequest { Inputs = [.. Enumerable.Repeat("a", count)] }, CancellationToken.None);
        Assert.Equal(Enumerable.Range(0, count).Select(i => new[] { i, 1f / i }), result.Vectors);
        Assert.Equal(7, result.PromptTokens);
    }

    [Fact]
    public async Task ErrorsKeepTheirKindAndSentence()
    {
        TextEngineException refusal = new(TextEngineErrorKind.ContextOverflow, "too long: \"é\"\nreally");
        RunnerClient client = Serve(new ScriptedEngine { RefusesWith = refusal });
        TextEngineException told = await Assert.ThrowsAsync<TextEngineException>(
            async () => await client.GenerateAsync(new GenerationRequest { Prompt = "" }, CancellationToken.None).ToListAsync());
        Assert.Equal((refusal.Kind, refusal.Message), (told.Kind, told.Message));
        told = await Assert.ThrowsAsync<TextEngineException>(async () => await client.DetokenizeAsync([100], CancellationToken.None));
        Assert.Equal(TextEngineErrorKind.InvalidRequest, told.Kind);
        // A fault of the engine is told to the caller, and its place to the log.
        Assert.Empty(_log);
        told = await Assert.ThrowsAsync<TextEngineException>(async () => await client.TokenizeAsync("x", false, false, CancellationToken.None));
        Assert.Equal(TextEngineErrorKind.Internal, told.Kind);
        Assert.Contains(nameof(NotSupportedException), told.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(ScriptedEngine.TokenizeAsync), Assert.Single(_log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnErrorMayComeInTheMiddle()
    {
        RunnerClient client = Serve(new ScriptedEngine { BreaksWith = new TextEngineException(TextEngineErrorKind.Internal, "not finite") });
        List<GenerationEvent> seen = [];
        TextEngineException told = await Assert.ThrowsAsync<TextEngineException>(async () =>
        {
            await foreach (GenerationEvent item in client.GenerateAsync(new GenerationRequest { Prompt = "" }, CancellationToken.None))
            {
                seen.Add(item);
            }
        });
        Assert.Equal("not finite", told.Message);
        Assert.Equal(3, seen.Count);
    }

    [Fact]
    public async Task CancellingReachesTheEngine()
    {
        ScriptedEngine engine = Endless();
        using CancellationTokenSource cancelled = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (GenerationEvent item in Serve(engine).GenerateAsync(new GenerationRequest { Prompt = "" }, cancelled.Token))
            {
                if (item is TextDelta)
                {
                    await cancelled.CancelAsync();
                }
            }
        });
        await engine.Cancelled;
    }

    [Fact]
    public async Task LeavingOffReachesTheEngine()
    {
        ScriptedEngine engine = Endless();
        await foreach (GenerationEvent item in Serve(engine).GenerateAsync(new GenerationRequest { Prompt = "" }, CancellationToken.None))
        {
            if (item is TextDelta)
            {
                break;
            }
        }
        await engine.Cancelled;
    }

    [Fact]
    public async Task ACallOfARunnerThatIsGoneIsLost()
    {
        RunnerClient client = Serve(Endless());
        IAsyncEnumerator<GenerationEvent> running = client.GenerateAsync(new GenerationRequest { Prompt = "" }, CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await running.MoveNextAsync());
        Assert.True(await running.MoveNextAsync());
        ValueTask<bool> pending = running.MoveNextAsync();
        await _gone.CancelAsync();
        Assert.Same(s_lost, await Assert.ThrowsAsync<TextEngineException>(async () => await pending));
        Assert.Same(s_lost, await Assert.ThrowsAsync<TextEngineException>(async () => await client.DetokenizeAsync([], CancellationToken.None)));
    }

    [Fact]
    public async Task NobodyThereIsLost()
    {
        RunnerClient client = new(_folder.NextSocket(), () => Task.FromResult(s_lost), CancellationToken.None);
        Assert.Same(s_lost, await Assert.ThrowsAsync<TextEngineException>(async () => await client.DetokenizeAsync([], CancellationToken.None)));
    }

    public void Dispose()
    {
        _stop.Cancel();
        _server?.Dispose();
        _folder.Dispose();
        _gone.Dispose();
        _stop.Dispose();
    }

    private RunnerClient Serve(ScriptedEngine engine)
    {
        string socket = _folder.NextSocket();
        _server = new RunnerServer(socket, line => _log.Add(line));
        _ = _server.RunAsync(engine, _stop.Token);
        return new RunnerClient(socket, () => Task.FromResult(s_lost), _gone.Token);
    }

    /// <summary>Says one piece, then waits to be cancelled.</summary>
    private static ScriptedEngine Endless() => new()
    {
        BeforePiece = (piece, cancelled) => piece == 0 ? Task.CompletedTask : Task.Delay(Timeout.Infinite, cancelled),
    };
}
