namespace LocalLlm.Server.Tests.Http;

public sealed class IdleEndTests
{
    private static readonly TimeSpan s_tenMinutes = TimeSpan.FromMinutes(10);

    private readonly ManualTime _time = new();

    [Fact]
    public async Task RequestsPutItOff()
    {
        await using ServerUnderTest server = await StartAsync(new ScriptedEngine());
        _time.Advance(TimeSpan.FromMinutes(9));
        await server.Client.GetStringAsync("/api/version");
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.False(server.Idle.IsCompleted);
        await AdvanceUntilIdleAsync(server, TimeSpan.FromMinutes(1));
        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, (await server.Client.GetAsync("/api/version")).StatusCode);
    }

    [Fact]
    public async Task ARunningRequestIsNeverCut()
    {
        TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously), go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ScriptedEngine engine = new()
        {
            Pieces = ["done"],
            BeforePiece = (_, _) =>
            {
                started.TrySetResult();
                return go.Task;
            },
        };
        await using ServerUnderTest server = await StartAsync(engine);
        Task<System.Text.Json.JsonElement> asked = server.AskJsonAsync("/api/generate", """{"model":"talker","prompt":"x","stream":false,"keep_alive":0}""");
        await started.Task;
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(server.Idle.IsCompleted);
        go.SetResult();
        Assert.Equal("done", (await asked).GetProperty("response").GetString());
        await AdvanceUntilIdleAsync(server, s_tenMinutes);
    }

    [Fact]
    public async Task ModelsInMemoryKeepItAlive()
    {
        await using ServerUnderTest server = await StartAsync(new ScriptedEngine());
        await server.AskJsonAsync("/api/generate", """{"model":"talker","keep_alive":"1h"}""");
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.False(server.Idle.IsCompleted);
        await AdvanceUntilIdleAsync(server, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task ALoadThatNobodyWaitsForIsNeverCut()
    {
        TaskCompletionSource<LocalLlm.Engine.ITextEngine> load = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(
            (_, _, _) =>
            {
                started.TrySetResult();
                return load.Task;
            },
            options => options with { IdleTimeout = s_tenMinutes, LoadTimeout = TimeSpan.Zero },
            _time);
        using CancellationTokenSource gone = new();
        Task<HttpResponseMessage> asked = server.Client.PostAsync("/api/generate", new StringContent("""{"model":"talker","keep_alive":"1m"}"""), gone.Token);
        await started.Task;
        gone.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        for (int i = 0; i < 100; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(10));
        }
        Assert.False(server.Idle.IsCompleted);
        load.SetResult(new ScriptedEngine());
        await AdvanceUntilIdleAsync(server, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task WithoutATimeItNeverEnds()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync((_, _, _) => throw new NotSupportedException(), time: _time);
        _time.Advance(TimeSpan.FromDays(40));
        Assert.False(server.Idle.IsCompleted);
    }

    private Task<ServerUnderTest> StartAsync(ScriptedEngine engine) =>
        ServerUnderTest.StartAsync((_, _, _) => Task.FromResult<LocalLlm.Engine.ITextEngine>(engine), options => options with { IdleTimeout = s_tenMinutes }, _time);

    /// <summary>Lets time go by in steps: what a request leaves behind is put in order on other threads.</summary>
    private async Task AdvanceUntilIdleAsync(ServerUnderTest server, TimeSpan step)
    {
        while (!server.Idle.IsCompleted)
        {
            _time.Advance(step);
            await Task.Delay(1);
        }
    }
}
