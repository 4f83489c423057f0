using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Engine.Templates;

namespace LocalLlm.Server.Tests.Http;

public sealed class GenerateTests
{
    [Fact]
    public async Task StreamIsOneObjectALine()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        using HttpResponseMessage response = await server.PostAsync("/api/generate", """{"model":"talker","prompt":"Why?"}""");
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(
            """
            {"model":"talker","created_at":"T","response":"Hello","done":false}
            {"model":"talker","created_at":"T","response":" world","done":false}
            {"model":"talker","created_at":"T","response":"","done":true,"done_reason":"stop","context":[1,2,3],"total_duration":N,"load_duration":N,"prompt_eval_count":11,"cached_tokens":3,"prompt_eval_duration":5000000,"eval_count":2,"eval_duration":7000000}

            """.ReplaceLineEndings("\n"),
            NativeChatTests.Steady(await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task SystemTemplateAndContextReachTheEngine()
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        await server.AskJsonAsync(
            "/api/generate",
            """{"model":"talker","prompt":"Why?","system":"Be brief.","template":"{% for m in messages %}{{ m.content }}{% endfor %}","context":[4,5.0],"stream":false,"truncate":false,"shift":false}""");
        GenerationRequest request = engine.OnlyRequest;
        Assert.Equal([("system", "Be brief."), ("user", "Why?")], request.Messages!.Select(message => (message.Role, message.Content)));
        Assert.Equal(new TemplateSource("{% for m in messages %}{{ m.content }}{% endfor %}", TemplateLanguage.Jinja), request.Template);
        Assert.Equal([4, 5], request.Context);
        Assert.False(request.Truncate);
        Assert.False(request.Shift);
    }

    [Fact]
    public async Task RawPromptGoesVerbatimAndReturnsNoContext()
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        JsonElement answer = await server.AskJsonAsync("/api/generate", """{"model":"talker","prompt":"<|im_start|>x","raw":true,"stream":false}""");
        Assert.Equal(("<|im_start|>x", null), (engine.OnlyRequest.Prompt, engine.OnlyRequest.Messages));
        Assert.False(answer.TryGetProperty("context", out _));
    }

    [Theory]
    [InlineData("""{"model":"talker"}""", "load")]
    [InlineData("""{"model":"talker","prompt":"","stream":true,"images":["aGk="]}""", "load")]
    [InlineData("""{"model":"talker","keep_alive":"5m"}""", "load")]
    [InlineData("""{"model":"talker","keep_alive":0}""", "unload")]
    public async Task NoPromptLoadsOrUnloads(string body, string reason)
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        (_, string text) = await server.AskAsync("/api/generate", body);
        Assert.Equal(
            $$"""{"model":"talker","created_at":"T","response":"","done":true,"done_reason":"{{reason}}"}""", NativeChatTests.Steady(text));
        Assert.Empty(engine.Requests);
    }

    [Theory]
    [InlineData("\"raw\":true,\"system\":\"x\"", "raw mode does not support template, system, or context")]
    [InlineData("\"raw\":true,\"template\":\"x\"", "raw mode does not support template, system, or context")]
    [InlineData("\"raw\":true,\"context\":[1]", "raw mode does not support template, system, or context")]
    [InlineData("\"suffix\":\"return\"", "registry.ollama.ai/library/talker:latest does not support insert")]
    [InlineData("\"images\":[\"aGk=\"]", "this model does not support images")]
    [InlineData("\"think\":true", "\"talker\" does not support thinking")]
    [InlineData("\"context\":[\"a\"]", "context[0] must be an integer, not a string")]
    [InlineData("\"context\":[-1]", "context[0] is out of range: -1")]
    public async Task WhatCannotBeHadIsTold(string field, string error)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal((400, error), await server.AskErrorAsync("/api/generate", $$"""{"model":"talker","prompt":"x",{{field}}}"""));
    }

    [Fact]
    public async Task EmbeddingModelDoesNotGenerate()
    {
        ScriptedEngine engine = new ScriptedEngine().With(ModelCapabilities.Embedding);
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        Assert.Equal(
            (400, "\"me/embedder:v1\" does not support generate"),
            await server.AskErrorAsync("/api/generate", """{"model":"me/embedder:v1","prompt":"x"}"""));
        Assert.Equal(
            (400, "\"me/embedder:v1\" does not support chat"),
            await server.AskErrorAsync("/api/chat", """{"model":"me/embedder:v1","messages":[{"role":"user","content":"x"}]}"""));
        Assert.Equal(
            (400, "\"me/embedder:v1\" does not support chat"),
            await server.AskErrorAsync("/v1/chat/completions", """{"model":"me/embedder:v1","messages":[{"role":"user","content":"x"}]}"""));
    }
}
