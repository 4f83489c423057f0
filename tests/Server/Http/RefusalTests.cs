using LocalLlm.Engine;

namespace LocalLlm.Server.Tests.Http;

/// <summary>What a model cannot do is refused in one sentence; what it need not do is not.</summary>
public sealed class RefusalTests
{
    private const string User = """[{"role":"user","content":"Why?"}]""";

    [Theory]
    [InlineData("\"think\":true", "\"talker\" does not support thinking")]
    [InlineData("\"think\":\"low\"", "\"talker\" does not support thinking")]
    [InlineData("\"think\":\"extreme\"", "invalid think value: \"extreme\" (must be \"high\", \"medium\", \"low\", \"max\", true, or false)")]
    [InlineData("\"think\":1", "think must be a boolean or a level, not a number")]
    [InlineData("\"tools\":[{\"type\":\"function\"}]", "registry.ollama.ai/library/talker:latest does not support tools")]
    [InlineData("\"format\":\"json\"", "this version of LocalLlm does not support structured output: leave format out")]
    [InlineData("\"format\":{\"type\":\"object\"}", "this version of LocalLlm does not support structured output: leave format out")]
    [InlineData("\"format\":\"xml\"", "invalid format: \"xml\"; expected \"json\" or a valid JSON Schema object")]
    [InlineData("\"top_logprobs\":21", "top_logprobs must be between 0 and 20")]
    [InlineData("\"top_logprobs\":-1", "top_logprobs must be between 0 and 20")]
    [InlineData("\"keep_alive\":\"30\"", "keep_alive \"30\" is not a duration: write a number of seconds, or a string with a unit such as \"10m\"")]
    [InlineData("\"keep_alive\":{}", "keep_alive must be a number of seconds or a duration such as \"10m\", not an object")]
    [InlineData("\"keep_alive\":true", "keep_alive must be a number of seconds or a duration such as \"10m\", not a boolean")]
    public async Task RefusedInChat(string field, string error)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal((400, error), await server.AskErrorAsync("/api/chat", $$"""{"model":"talker","messages":{{User}},{{field}}}"""));
    }

    [Theory]
    [InlineData("\"think\":false")]
    [InlineData("\"think\":null")]
    [InlineData("\"tools\":[]")]
    [InlineData("\"tools\":null")]
    [InlineData("\"format\":\"\"")]
    [InlineData("\"format\":null")]
    [InlineData("\"keep_alive\":42")]
    [InlineData("\"keep_alive\":42.5")]
    [InlineData("\"keep_alive\":\"42m\"")]
    [InlineData("\"keep_alive\":-1")]
    [InlineData("\"keep_alive\":-3.14")]
    [InlineData("\"keep_alive\":\"-1m\"")]
    [InlineData("\"keep_alive\":0")]
    [InlineData("\"keep_alive\":\"1h30m0.5s\"")]
    [InlineData("\"logprobs\":true,\"top_logprobs\":20")]
    public async Task AcceptedInChat(string field)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        await server.AskJsonAsync("/api/chat", $$"""{"model":"talker","stream":false,"messages":{{User}},{{field}}}""");
    }

    [Fact]
    public async Task ImagesAreRefused()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal(
            (400, "this model does not support images"),
            await server.AskErrorAsync("/api/chat", """{"model":"talker","messages":[{"role":"user","content":"?","images":["aGk="]}]}"""));
        await server.AskJsonAsync("/api/chat", """{"model":"talker","stream":false,"messages":[{"role":"user","content":"?","images":[]}]}""");
    }

    [Theory]
    [InlineData("", true)]
    [InlineData(",\"think\":true", true)]
    [InlineData(",\"think\":\"high\"", true)]
    [InlineData(",\"think\":false", false)]
    public async Task ModelsThatThinkDoSoUnlessToldOtherwise(string field, bool think)
    {
        ScriptedEngine engine = new ScriptedEngine().With(ModelCapabilities.Completion | ModelCapabilities.Thinking);
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        await server.AskJsonAsync("/api/chat", $$"""{"model":"talker","stream":false,"messages":{{User}}{{field}}}""");
        Assert.Equal(think, engine.OnlyRequest.Think);
    }

    [Theory]
    [InlineData(TextEngineErrorKind.InvalidRequest, 400)]
    [InlineData(TextEngineErrorKind.Unsupported, 400)]
    [InlineData(TextEngineErrorKind.ContextOverflow, 400)]
    [InlineData(TextEngineErrorKind.InvalidModel, 500)]
    [InlineData(TextEngineErrorKind.Internal, 500)]
    public async Task ErrorsOfTheEngineKeepTheirSentence(TextEngineErrorKind kind, int status)
    {
        ScriptedEngine engine = new() { RefusesWith = new TextEngineException(kind, "What was wrong & what to do.") };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        foreach (string path in (string[])["/api/chat", "/v1/chat/completions"])
        {
            Assert.Equal((status, "What was wrong & what to do."), await server.AskErrorAsync(path, $$"""{"model":"talker","messages":{{User}}}"""));
        }
    }

    [Fact]
    public async Task RunningOutOfMemoryIsOneSentenceAndTheServerGoesOn()
    {
        bool first = true;
        await using ServerUnderTest server = await ServerUnderTest.StartAsync((_, _, _) =>
        {
            bool fails = first;
            first = false;
            return fails ? throw new OutOfMemoryException() : Task.FromResult<ITextEngine>(new ScriptedEngine());
        });
        string ask = $$"""{"model":"talker","stream":false,"messages":{{User}}}""";
        Assert.Equal(
            (500, "the server ran out of memory: use a smaller model or a smaller num_ctx, or unload other models"),
            await server.AskErrorAsync("/api/chat", ask));
        await server.AskJsonAsync("/api/chat", ask);
    }
}
