using System.Net;
using System.Text.Json;
using LocalLlm.Engine;

namespace LocalLlm.Server.Tests.Http;

/// <summary>An engine that goes away under a request: run again unseen where nothing of the answer has gone out, told clearly where something has.</summary>
public sealed class LostEngineTests
{
    private static readonly TextEngineException s_lost = new(TextEngineErrorKind.Lost, "The model's process ended.");

    private int _loads;

    [Theory]
    [InlineData("/api/chat", """{"model":"talker","messages":[{"role":"user","content":"x"}]}""", "Hello")]
    [InlineData("/api/chat", """{"model":"talker","stream":false,"messages":[{"role":"user","content":"x"}]}""", "Hello world")]
    [InlineData("/api/generate", """{"model":"talker","prompt":"x"}""", "Hello")]
    [InlineData("/v1/chat/completions", """{"model":"talker","messages":[{"role":"user","content":"x"}]}""", "Hello world")]
    [InlineData("/v1/chat/completions", """{"model":"talker","stream":true,"messages":[{"role":"user","content":"x"}]}""", "Hello")]
    [InlineData("/api/embed", """{"model":"talker","input":"x"}""", "0.6")]
    [InlineData("/api/embeddings", """{"model":"talker","prompt":"x"}""", "0.6")]
    [InlineData("/v1/embeddings", """{"model":"talker","input":"x"}""", "0.6")]
    public async Task RequestIsRunAgainUnseen(string path, string body, string expected)
    {
        await using ServerUnderTest server = await StartAsync(load => load == 1 ? new ScriptedEngine { RefusesWith = s_lost } : new ScriptedEngine());
        (HttpStatusCode status, string text) = await server.AskAsync(path, body);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains(expected, text, StringComparison.Ordinal);
        Assert.DoesNotContain("ended", text, StringComparison.Ordinal);
        Assert.Equal(2, _loads);
    }

    [Fact]
    public async Task WholeAnswerIsRunAgainEvenIfHalfOfItWasThere()
    {
        await using ServerUnderTest server = await StartAsync(load =>
            load == 1 ? new ScriptedEngine { Pieces = ["Half"], Truncation = new Truncation(1, 2, 3), BreaksWith = s_lost } : new ScriptedEngine());
        using HttpResponseMessage response = await server.PostAsync("/api/generate", """{"model":"talker","prompt":"x","stream":false}""");
        JsonElement answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal("Hello world", answer.GetProperty("response").GetString());
        Assert.False(response.Headers.Contains("X-LocalLlm-Truncated")); // that was the first try's
    }

    [Theory]
    [InlineData("/api/generate", """{"model":"talker","prompt":"x"}""")]
    [InlineData("/v1/embeddings", """{"model":"talker","input":"x"}""")]
    public async Task SecondLossIsToldWithAStatus(string path, string body)
    {
        await using ServerUnderTest server = await StartAsync(_ => new ScriptedEngine { RefusesWith = s_lost });
        Assert.Equal((500, s_lost.Message), await server.AskErrorAsync(path, body));
        Assert.Equal(2, _loads);
    }

    [Theory]
    [InlineData("/api/generate", """{"model":"talker","prompt":"x"}""", "\n{\"error\":\"The model's process ended.\"}\n")]
    [InlineData("/v1/chat/completions", """{"model":"talker","stream":true,"messages":[{"role":"user","content":"x"}]}""", "\n\ndata: {\"error\":{\"message\":\"The model's process ended.\",\"type\":\"api_error\",\"param\":null,\"code\":null}}\n\n")]
    public async Task LossInAStreamIsItsLastItemAndTheNextRequestLoadsAnew(string path, string body, string end)
    {
        await using ServerUnderTest server = await StartAsync(load => load == 1 ? new ScriptedEngine { BreaksWith = s_lost } : new ScriptedEngine());
        (HttpStatusCode status, string text) = await server.AskAsync(path, body);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.EndsWith(end, text, StringComparison.Ordinal);
        Assert.Equal("""{"models":[]}""", await server.Client.GetStringAsync("/api/ps"));
        Assert.DoesNotContain("error", (await server.AskAsync(path, body)).Text, StringComparison.Ordinal);
        Assert.Equal(2, _loads);
    }

    [Fact]
    public async Task OtherFailuresAreNotRunAgain()
    {
        await using ServerUnderTest server = await StartAsync(_ => new ScriptedEngine { RefusesWith = new TextEngineException(TextEngineErrorKind.Internal, "Broken.") });
        Assert.Equal((500, "Broken."), await server.AskErrorAsync("/api/generate", """{"model":"talker","prompt":"x"}"""));
        Assert.Equal(1, _loads);
    }

    [Fact]
    public async Task EngineThatEndedIsNotShown()
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await StartAsync(load => load == 1 ? engine : new ScriptedEngine());
        await server.AskJsonAsync("/api/generate", """{"model":"talker"}""");
        Assert.Contains("\"talker:latest\"", await server.Client.GetStringAsync("/api/ps"), StringComparison.Ordinal);
        engine.End.SetResult();
        Assert.Equal("""{"models":[]}""", await server.Client.GetStringAsync("/api/ps"));
        await server.AskJsonAsync("/api/generate", """{"model":"talker","prompt":"x","stream":false}""");
        Assert.Equal(2, _loads);
    }

    private Task<ServerUnderTest> StartAsync(Func<int, ScriptedEngine> engineOfLoad) =>
        ServerUnderTest.StartAsync((_, _, _) => Task.FromResult<ITextEngine>(engineOfLoad(++_loads)));
}
