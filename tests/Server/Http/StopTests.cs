using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using LocalLlm.Engine;

namespace LocalLlm.Server.Tests.Http;

/// <summary>A server that is told to end: what runs may finish for a while, then ends properly; what waits is told at once.</summary>
public sealed class StopTests
{
    private const string Generate = """{"model":"talker","prompt":"x","stream":true}""";
    private const string Chat = """{"model":"talker","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"x"}]}""";

    private readonly ManualTime _time = new();
    private readonly TaskCompletionSource _atSecondPiece = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _secondPiece = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task RunningGenerationFinishesAndNothingNewIsAccepted()
    {
        await using ServerUnderTest server = await StartAsync(Engine());
        Task<(HttpStatusCode, string Text)> running = server.AskAsync("/api/generate", Generate);
        await _atSecondPiece.Task;
        Task stopping = server.StopAsync();
        await RefusedAsync(server);
        Assert.False(stopping.IsCompleted);
        _secondPiece.SetResult();
        string[] lines = (await running).Text.TrimEnd().Split('\n');
        Assert.Equal("stop", JsonDocument.Parse(lines[^1]).RootElement.GetProperty("done_reason").GetString());
        Assert.Contains("world", lines[^2], StringComparison.Ordinal);
        await stopping;
    }

    [Fact]
    public async Task NativeStreamThatOutlivesTheGraceEndsWithAProperItem()
    {
        ScriptedEngine engine = Engine();
        await using ServerUnderTest server = await StartAsync(engine);
        Task<(HttpStatusCode, string Text)> running = server.AskAsync("/api/generate", Generate);
        await _atSecondPiece.Task;
        Task stopping = server.StopAsync();
        await AdvanceAsync();
        string[] lines = (await running).Text.TrimEnd().Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Contains("Hello", lines[0], StringComparison.Ordinal);
        JsonElement last = JsonDocument.Parse(lines[1]).RootElement;
        Assert.True(last.GetProperty("done").GetBoolean());
        Assert.Equal("length", last.GetProperty("done_reason").GetString());
        Assert.Equal((11, 3, 1), (last.GetProperty("prompt_eval_count").GetInt32(), last.GetProperty("cached_tokens").GetInt32(), last.GetProperty("eval_count").GetInt32()));
        Assert.False(last.TryGetProperty("context", out _));
        await engine.Cancelled;
        await stopping;
    }

    [Fact]
    public async Task OpenAiStreamThatOutlivesTheGraceEndsWithAProperItem()
    {
        await using ServerUnderTest server = await StartAsync(Engine());
        Task<(HttpStatusCode, string Text)> running = server.AskAsync("/v1/chat/completions", Chat);
        await _atSecondPiece.Task;
        Task stopping = server.StopAsync();
        await AdvanceAsync();
        string[] events = (await running).Text.TrimEnd().Split("\n\n");
        Assert.Contains("\"delta\":{},\"finish_reason\":\"length\"", events[^3], StringComparison.Ordinal);
        Assert.Contains("\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":1,\"total_tokens\":12,\"prompt_tokens_details\":{\"cached_tokens\":3}}", events[^2], StringComparison.Ordinal);
        Assert.Equal("data: [DONE]", events[^1]);
        await stopping;
    }

    [Fact]
    public async Task WholeAnswerThatOutlivesTheGraceIsWhatThereIs()
    {
        await using ServerUnderTest server = await StartAsync(Engine());
        Task<JsonElement> running = server.AskJsonAsync("/api/generate", """{"model":"talker","prompt":"x","stream":false}""");
        await _atSecondPiece.Task;
        Task stopping = server.StopAsync();
        await AdvanceAsync();
        JsonElement answer = await running;
        Assert.Equal(("Hello", "length"), (answer.GetProperty("response").GetString(), answer.GetProperty("done_reason").GetString()));
        await stopping;
    }

    [Theory]
    [InlineData(false)] // for the model to be loaded
    [InlineData(true)] // for the engine to begin
    public async Task RequestThatWaitsIsToldAtOnce(bool loaded)
    {
        TaskCompletionSource waits = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ScriptedEngine engine = new()
        {
            BeforeStart = cancelled =>
            {
                waits.TrySetResult();
                return Task.Delay(Timeout.Infinite, cancelled);
            },
        };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(
            async (_, _, cancelled) =>
            {
                if (!loaded)
                {
                    waits.TrySetResult();
                    await Task.Delay(Timeout.Infinite, cancelled);
                }
                return engine;
            },
            options => options with { StopTimeout = TimeSpan.FromHours(1) }, _time);
        Task<(int Status, string Error)> native = server.AskErrorAsync("/api/generate", Generate);
        Task<(int Status, string Error)> openAi = server.AskErrorAsync("/v1/chat/completions", Chat);
        await waits.Task;
        await Task.Delay(50); // the other of the two is on its way too
        Task stopping = server.StopAsync();
        Assert.Equal((503, "the server is shutting down"), await native);
        Assert.Equal((503, "the server is shutting down"), await openAi);
        await stopping; // although the grace is not over: nothing runs
    }

    [Fact]
    public async Task EmbeddingThatOutlivesTheGraceIsToldSo()
    {
        TaskCompletionSource runs = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ScriptedEngine engine = new()
        {
            BeforeStart = cancelled =>
            {
                runs.TrySetResult();
                return Task.Delay(Timeout.Infinite, cancelled);
            },
        };
        await using ServerUnderTest server = await StartAsync(engine);
        Task<(int Status, string Error)> running = server.AskErrorAsync("/api/embed", """{"model":"talker","input":"x"}""");
        await runs.Task;
        Task stopping = server.StopAsync();
        await AdvanceAsync();
        Assert.Equal((503, "the server is shutting down"), await running);
        await stopping;
    }

    [Fact]
    public async Task SecondRequestToStopCutsOff()
    {
        ScriptedEngine engine = Engine();
        await using ServerUnderTest server = await StartAsync(engine);
        Task<(HttpStatusCode, string)> running = server.AskAsync("/api/generate", Generate);
        await _atSecondPiece.Task;
        using CancellationTokenSource now = new();
        Task stopping = server.StopAsync(now.Token);
        await now.CancelAsync();
        await engine.Cancelled;
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => running); // no clean end
        await stopping;
    }

    /// <summary>An engine that says a piece and waits before the second.</summary>
    private ScriptedEngine Engine() => new()
    {
        BeforePiece = (piece, cancelled) =>
        {
            if (piece == 0)
            {
                return Task.CompletedTask;
            }
            _atSecondPiece.TrySetResult();
            return _secondPiece.Task.WaitAsync(cancelled);
        },
    };

    private Task<ServerUnderTest> StartAsync(ScriptedEngine engine) => ServerUnderTest.StartAsync(
        (_, _, _) => Task.FromResult<ITextEngine>(engine), options => options with { StopTimeout = TimeSpan.FromHours(1) }, _time);

    /// <summary>Lets the grace pass, once it has begun.</summary>
    private async Task AdvanceAsync()
    {
        while (_time.Timers == 0)
        {
            await Task.Delay(1);
        }
        _time.Advance(TimeSpan.FromHours(1));
    }

    /// <summary>Waits until the server takes no connection any more.</summary>
    private static async Task RefusedAsync(ServerUnderTest server)
    {
        while (true)
        {
            try
            {
                using TcpClient client = new();
                await client.ConnectAsync(IPAddress.Loopback, server.Port);
            }
            catch (SocketException)
            {
                return;
            }
            await Task.Delay(1);
        }
    }
}
