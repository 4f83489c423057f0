using System.Net;
using LocalLlm.Engine;

namespace LocalLlm.Server.Tests.Http;

/// <summary>What waits is bounded, and who is turned away is told so in the words that clients know.</summary>
public sealed class QueueTests
{
    private const string Busy = "server busy, please try again.  maximum pending requests exceeded";

    [Theory]
    [InlineData("/api/generate", """{"model":"talker","prompt":"x","stream":false}""", false)]
    [InlineData("/api/generate", """{"model":"talker","prompt":"x","stream":false}""", true)]
    [InlineData("/api/chat", """{"model":"talker","messages":[{"role":"user","content":"x"}]}""", true)]
    [InlineData("/v1/chat/completions", """{"model":"talker","messages":[{"role":"user","content":"x"}]}""", false)]
    [InlineData("/v1/chat/completions", """{"model":"talker","stream":true,"messages":[{"role":"user","content":"x"}]}""", true)]
    [InlineData("/api/embed", """{"model":"talker","input":"x"}""", false)]
    [InlineData("/api/embeddings", """{"model":"talker","prompt":"x"}""", true)]
    [InlineData("/v1/embeddings", """{"model":"talker","input":"x"}""", true)]
    public async Task OfTenAtOnceTwoRunFourWaitAndFourAreTurnedAway(string path, string body, bool loaded)
    {
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ScriptedEngine engine = new() { BeforeStart = release.Task.WaitAsync };
        await using ServerUnderTest server = await StartAsync(
            async (_, _, _) =>
            {
                await (loaded ? Task.CompletedTask : release.Task);
                return engine;
            },
            parallel: 2, maxQueue: 4);
        if (loaded)
        {
            await server.AskJsonAsync("/api/generate", """{"model":"talker"}""");
        }
        List<Task<HttpResponseMessage>> requests = [.. Enumerable.Range(0, 10).Select(_ => server.PostAsync(path, body))];
        for (int refused = 0; refused < 4; refused++)
        {
            Task<HttpResponseMessage> first = await Task.WhenAny(requests);
            requests.Remove(first);
            using HttpResponseMessage response = await first;
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.Contains(Busy, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Equal("1", response.Headers.RetryAfter!.ToString());
            Assert.Equal(path.StartsWith("/v1", StringComparison.Ordinal) ? "false" : null, Header(response, "x-should-retry"));
        }
        // Loading and unloading are no computation: neither waits its turn.
        if (loaded)
        {
            await server.AskJsonAsync("/api/generate", """{"model":"talker"}""");
            await server.AskJsonAsync("/api/chat", """{"model":"talker","keep_alive":-1}""");
            await server.AskJsonAsync("/api/embed", """{"model":"talker","input":[]}""");
        }
        release.SetResult();
        foreach (HttpResponseMessage response in await Task.WhenAll(requests))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
        Assert.Equal(HttpStatusCode.OK, (await server.AskAsync(path, body)).Status); // places were given back
    }

    [Fact]
    public async Task ErrorTextIsOllamas()
    {
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource running = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ScriptedEngine engine = new()
        {
            BeforeStart = cancelled =>
            {
                running.TrySetResult();
                return release.Task.WaitAsync(cancelled);
            },
        };
        await using ServerUnderTest server = await StartAsync((_, _, _) => Task.FromResult<ITextEngine>(engine), parallel: 1, maxQueue: 0);
        Task<(HttpStatusCode Status, string Text)> first = server.AskAsync("/api/generate", """{"model":"talker","prompt":"x"}""");
        await running.Task;
        Assert.Equal((503, Busy), await server.AskErrorAsync("/api/generate", """{"model":"talker","prompt":"x"}"""));
        (_, string openAi) = await server.AskAsync("/v1/chat/completions", """{"model":"talker","messages":[{"role":"user","content":"x"}]}""");
        Assert.Equal($$$"""{"error":{"message":"{{{Busy}}}","type":"api_error","param":null,"code":null}}""", openAi);
        release.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await first).Status); // nobody may wait, but whoever need not is served
    }

    [Fact]
    public async Task WaitingIsCountedOverAllModels()
    {
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ServerUnderTest server = await StartAsync(
            (_, _, _) => Task.FromResult<ITextEngine>(new ScriptedEngine { BeforeStart = release.Task.WaitAsync }), parallel: 1, maxQueue: 2);
        string[] models = ["talker", "me/embedder:v1", "talker:small", "me/embedder:v1", "talker"];
        List<Task<HttpResponseMessage>> requests = [.. models.Select(model => server.PostAsync("/api/generate", $$"""{"model":"{{model}}","prompt":"x"}"""))];
        Task<HttpResponseMessage> refused = await Task.WhenAny(requests);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await refused).StatusCode);
        release.SetResult();
        Assert.Equal(4, (await Task.WhenAll(requests)).Count(response => response.StatusCode == HttpStatusCode.OK));
    }

    [Theory]
    [InlineData("/api/chat", """{"model":"talker","messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("/v1/chat/completions", """{"model":"talker","messages":[{"role":"user","content":"x"}]}""")]
    [InlineData("/api/embed", """{"model":"talker","input":"x"}""")]
    [InlineData("/api/embeddings", """{"model":"talker","prompt":"x"}""")]
    [InlineData("/v1/embeddings", """{"model":"talker","input":"x"}""")]
    public async Task EngineLearnsTheClientsAddress(string path, string body)
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine, options => options with { Host = "" }); // one socket for IPv4 and IPv6
        string answer = await server.SendRawAsync($"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.Equal("127.0.0.1", engine.Requests.Select(request => request.Client).Concat(engine.EmbeddingRequests.Select(request => request.Client)).Single());
    }

    [Fact]
    public async Task ModelThatCannotFitIsRefusedWithTheNumbers()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine(), options => options with { AvailableMemory = () => 1 << 20 });
        (int status, string error) = await server.AskErrorAsync("/api/generate", """{"model":"talker","prompt":"x"}""");
        Assert.Equal(500, status);
        Assert.Matches(@"^model requires more system memory \([0-9.]+ GiB: weights .*\) than is available \(0\.00 GiB\)", error);
    }

    private static Task<ServerUnderTest> StartAsync(LocalLlm.Server.Residency.EngineFactory load, int parallel, int maxQueue) =>
        ServerUnderTest.StartAsync(load, options => options with { ModelOptions = new ModelOptions { MaxSequences = parallel }, MaxQueue = maxQueue });

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.Single() : null;
}
