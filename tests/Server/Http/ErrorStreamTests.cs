using System.Net;
using LocalLlm.Engine;

namespace LocalLlm.Server.Tests.Http;

public sealed class ErrorStreamTests
{
    private const string User = """[{"role":"user","content":"Why?"}]""";

    private static readonly TextEngineException s_failure = new(TextEngineErrorKind.Internal, "The engine broke.");

    [Fact]
    public async Task NativeErrorBeforeTheFirstByteHasAStatus()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { Pieces = [], BreaksWith = s_failure });
        using HttpResponseMessage response = await server.PostAsync("/api/chat", $$"""{"model":"talker","messages":{{User}}}""");
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal("application/json; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("""{"error":"The engine broke."}""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task NativeErrorInAStreamIsItsLastLine()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { BreaksWith = s_failure });
        (HttpStatusCode status, string text) = await server.AskAsync("/api/chat", $$"""{"model":"talker","messages":{{User}}}""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.EndsWith("\"done\":false}\n{\"error\":\"The engine broke.\"}\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"done\":true", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NativeErrorWithoutAStreamHasAStatus()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { BreaksWith = s_failure });
        Assert.Equal((500, "The engine broke."), await server.AskErrorAsync("/api/chat", $$"""{"model":"talker","stream":false,"messages":{{User}}}"""));
    }

    [Fact]
    public async Task OpenAiErrorInAStreamIsAnEvent()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { BreaksWith = s_failure });
        (HttpStatusCode status, string text) = await server.AskAsync("/v1/chat/completions", $$"""{"model":"talker","stream":true,"messages":{{User}}}""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.EndsWith(
            "data: {\"error\":{\"message\":\"The engine broke.\",\"type\":\"api_error\",\"param\":null,\"code\":null}}\n\n",
            text,
            StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal); // a reader that waits for it must not take this for a complete answer
    }

    [Theory]
    [InlineData("""{"model":"nope","messages":[{"role":"user","content":"x"}]}""", 404, """{"error":{"message":"model 'nope' not found","type":"not_found_error","param":null,"code":null}}""")]
    [InlineData("""{"model":"talker","messages":[]}""", 400, """{"error":{"message":"[] is too short - 'messages'","type":"invalid_request_error","param":null,"code":null}}""")]
    public async Task OpenAiErrorIsAnObject(string body, int status, string error)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        (HttpStatusCode answered, string text) = await server.AskAsync("/v1/chat/completions", body);
        Assert.Equal((status, error), ((int)answered, text));
    }

    [Fact]
    public async Task UnforeseenFailureIsAnErrorOfTheServer()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { RefusesWith = new InvalidOperationException("odd") });
        Assert.Equal(
            (500, "internal error (InvalidOperationException): odd"), await server.AskErrorAsync("/api/chat", $$"""{"model":"talker","messages":{{User}}}"""));
    }
}
