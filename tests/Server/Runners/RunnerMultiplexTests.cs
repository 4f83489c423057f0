using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Runners;
using LocalLlm.Server.Runners.Child;
using LocalLlm.Server.Runners.Wire;

namespace LocalLlm.Server.Tests.Runners;

/// <summary>Calls that share a connection, with a scripted engine or a scripted server. What does not happen here hangs, so no time is measured.</summary>
public sealed class RunnerMultiplexTests : IDisposable
{
    private static readonly TextEngineException s_lost = new(TextEngineErrorKind.Lost, "gone");

    private readonly RunnerFolder _folder = RunnerFolder.Create(_ => null);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<IDisposable> _open = [];

    [Fact]
    public async Task ManyCallsKeepApart()
    {
        ScriptedEngine engine = new() { Pieces = [.. Enumerable.Range(0, 200).Select(i => $" {i}")], BeforePiece = async (_, _) => await Task.Yield() };
        RunnerClient client = Serve(engine);
        string[] texts = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i => i % 2 == 0
            ? string.Concat((await client.GenerateAsync(new GenerationRequest { Prompt = "" }, CancellationToken.None).ToListAsync()).OfType<TextDelta>().Select(delta => delta.Text))
            : await client.RenderAsync(new GenerationRequest { Prompt = $"{i}" }, CancellationToken.None)));
        Assert.All(texts.Select((text, i) => (text, i)), call => Assert.Equal(call.i % 2 == 0 ? string.Concat(engine.Pieces) : $"{call.i}", call.text));
    }

    [Fact]
    public async Task OneThatReadsNothingHoldsUpNobody()
    {
        RunnerClient client = Serve(new ScriptedEngine { Pieces = [.. Enumerable.Repeat(new string('x', 10_000), 1000)] });
        await using IAsyncEnumerator<GenerationEvent> slow = client.GenerateAsync(new GenerationRequest { Prompt = "" }, CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await slow.MoveNextAsync());
        // More than the sockets' buffers hold comes for the slow one meanwhile.
        Assert.Equal(1002, (await client.GenerateAsync(new GenerationRequest { Prompt = "" }, CancellationToken.None).ToListAsync()).Count);
        int events = 1;
        while (await slow.MoveNextAsync())
        {
            events++;
        }
        Assert.Equal(1002, events);
    }

    [Fact]
    public async Task CancellingOneLeavesTheOthers()
    {
        ConcurrentQueue<CancellationToken> running = [];
        TaskCompletionSource goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        RunnerClient client = Serve(new ScriptedEngine
        {
            BeforePiece = (piece, cancelled) =>
            {
                if (piece > 0)
                {
                    return goOn.Task.WaitAsync(cancelled);
                }
                running.Enqueue(cancelled);
                return Task.CompletedTask;
            },
        });
        CancellationTokenSource[] wanted = [.. Enumerable.Range(0, 5).Select(_ => new CancellationTokenSource())];
        IAsyncEnumerator<GenerationEvent>[] calls =
            [.. wanted.Select(token => client.GenerateAsync(new GenerationRequest { Prompt = "" }, token.Token).GetAsyncEnumerator())];
        foreach (IAsyncEnumerator<GenerationEvent> call in calls)
        {
            Assert.True(await call.MoveNextAsync());
            Assert.True(await call.MoveNextAsync());
        }
        ValueTask<bool> cancelled = calls[2].MoveNextAsync();
        await wanted[2].CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await cancelled);
        TaskCompletionSource seen = new();
        running.ElementAt(2).Register(seen.SetResult);
        await seen.Task;
        Assert.Single(running, token => token.IsCancellationRequested);
        goOn.SetResult();
        foreach (IAsyncEnumerator<GenerationEvent> call in calls.Where(call => call != calls[2]))
        {
            Assert.True(await call.MoveNextAsync());
            Assert.True(await call.MoveNextAsync());
            Assert.IsType<GenerationFinished>(call.Current);
            Assert.False(await call.MoveNextAsync());
        }
    }

    [Fact]
    public async Task LargeMessagesGoBothWays()
    {
        string text = string.Concat(Enumerable.Range(0, 3_000_000).Select(i => (char)('a' + (i % 26)))) + "é";
        RunnerClient client = Serve(new ScriptedEngine());
        string[] told = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => client.RenderAsync(new GenerationRequest { Prompt = text + i }, CancellationToken.None).AsTask()));
        Assert.Equal(Enumerable.Range(0, 4).Select(i => text + i), told);
    }

    [Fact]
    public async Task CallsThatARunnerDoesNotKnowMeanNothingToIt()
    {
        using Socket server = Connect(Listen(new ScriptedEngine()));
        server.Send([.. FrameConnectionTests.Header(9, 0), .. Frame(3, new RunnerCall { Detokenize = [1] }), .. FrameConnectionTests.Header(3, 0), .. Frame(4, new RunnerCall { Detokenize = [2] })]);
        // Call 3 may be over before it is cancelled, or not: call 4 is answered in any case.
        string told;
        do
        {
            told = await ReadFrameAsync(server);
        }
        while (told == """3 {"text":"t1"}""");
        Assert.Equal("""4 {"text":"t2"}""", told);
    }

    [Fact]
    public async Task WhatIsNoCallIsAnErrorOfThatCallAlone()
    {
        using Socket server = Connect(Listen(new ScriptedEngine()));
        foreach (string wrong in new[] { "{", "null", "{}" })
        {
            server.Send([.. FrameConnectionTests.Header(3, wrong.Length), .. System.Text.Encoding.UTF8.GetBytes(wrong)]);
            Assert.StartsWith("3 {\"error\":", await ReadFrameAsync(server), StringComparison.Ordinal);
        }
        server.Send(Frame(4, new RunnerCall { Detokenize = [2] }));
        Assert.Equal("""4 {"text":"t2"}""", await ReadFrameAsync(server));
    }

    [Fact]
    public async Task AWrongLengthEndsAllCallsOfARunner()
    {
        ScriptedEngine engine = new() { BeforePiece = (_, cancelled) => Task.Delay(Timeout.Infinite, cancelled) };
        string path = Listen(engine);
        using (Socket server = Connect(path))
        {
            server.Send(Frame(1, new RunnerCall { Generate = new GenerationRequest { Prompt = "" } }));
            Assert.StartsWith("1 {\"started\":", await ReadFrameAsync(server), StringComparison.Ordinal);
            server.Send(FrameConnectionTests.Header(2, -5));
            Assert.Equal(0, await server.ReceiveAsync(new byte[1]));
        }
        await engine.Cancelled;
    }

    [Fact]
    public async Task ANumberThatIsTakenEndsTheConnection()
    {
        ScriptedEngine engine = new() { BeforePiece = (_, cancelled) => Task.Delay(Timeout.Infinite, cancelled) };
        using Socket server = Connect(Listen(engine));
        byte[] call = Frame(1, new RunnerCall { Generate = new GenerationRequest { Prompt = "" } });
        server.Send([.. call, .. call]);
        await engine.Cancelled;
    }

    [Fact]
    public async Task AnswersToCallsThatTheServerDoesNotKnowMeanNothingToIt()
    {
        (Task<string> call, Socket runner) = await AskScriptedRunnerAsync();
        runner.Send([.. Frame(77, new RunnerAnswer { Text = "no" }), .. FrameConnectionTests.Header(78, 0), .. Frame(1, new RunnerAnswer { Text = "yes" })]);
        Assert.Equal("yes", await call);
    }

    [Fact]
    public async Task AWrongLengthLosesTheRunner()
    {
        (Task<string> call, Socket runner) = await AskScriptedRunnerAsync();
        runner.Send(FrameConnectionTests.Header(1, int.MaxValue));
        Assert.Same(s_lost, await Assert.ThrowsAsync<TextEngineException>(() => call));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    public async Task WhatIsNoAnswerFailsItsCall(string message)
    {
        (Task<string> call, Socket runner) = await AskScriptedRunnerAsync();
        runner.Send([.. FrameConnectionTests.Header(1, message.Length), .. System.Text.Encoding.UTF8.GetBytes(message)]);
        await Assert.ThrowsAnyAsync<JsonException>(() => call);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _open.ForEach(open => open.Dispose());
        _folder.Dispose();
        _stop.Dispose();
    }

    private static byte[] Frame<T>(int call, T message)
    {
        byte[] written = JsonSerializer.SerializeToUtf8Bytes(message, RunnerJson.Lines.GetTypeInfo(typeof(T))!);
        return [.. FrameConnectionTests.Header(call, written.Length), .. written];
    }

    /// <summary>The next frame: its call number, a space and its message.</summary>
    private static async Task<string> ReadFrameAsync(Socket socket)
    {
        using NetworkStream stream = new(socket);
        byte[] header = new byte[FrameConnection.HeaderBytes];
        await stream.ReadExactlyAsync(header);
        byte[] message = new byte[BitConverter.ToInt32(header, sizeof(int))];
        await stream.ReadExactlyAsync(message);
        return $"{BitConverter.ToInt32(header)} {System.Text.Encoding.UTF8.GetString(message)}";
    }

    private static Socket Connect(string path)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    private RunnerClient Serve(ScriptedEngine engine) => new(Listen(engine), () => Task.FromResult(s_lost), CancellationToken.None);

    private string Listen(ScriptedEngine engine)
    {
        string path = _folder.NextSocket();
        RunnerServer server = new(path, _ => { });
        _open.Add(server);
        _ = server.RunAsync(engine, _stop.Token);
        return path;
    }

    /// <summary>A call, number 1, whose runner is the test.</summary>
    private async Task<(Task<string> Call, Socket Runner)> AskScriptedRunnerAsync()
    {
        string path = _folder.NextSocket();
        using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        RunnerClient client = new(path, () => Task.FromResult(s_lost), CancellationToken.None);
        Task<string> call = client.DetokenizeAsync([1], CancellationToken.None).AsTask();
        Socket runner = await listener.AcceptAsync();
        _open.Add(runner);
        Assert.Equal("""1 {"detokenize":[1]}""", await ReadFrameAsync(runner));
        return (call, runner);
    }
}
