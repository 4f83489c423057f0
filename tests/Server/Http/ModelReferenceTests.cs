namespace LocalLlm.Server.Tests.Http;

/// <summary>How endpoints answer to names: the table of the specification, word for word.</summary>
public sealed class ModelReferenceTests
{
    [Theory]
    [InlineData("/api/generate", """{"model":""}""", 404, "model '' not found")]
    [InlineData("/api/generate", "{}", 404, "model '' not found")]
    [InlineData("/api/chat", "{}", 400, "model is required")]
    [InlineData("/api/embed", "{}", 404, "model '' not found")]
    [InlineData("/api/embeddings", "{}", 400, "model is required")]
    [InlineData("/api/show", "{}", 400, "model is required")]
    [InlineData("/api/generate", """{"model":"a b"}""", 400, "invalid model name")]
    [InlineData("/api/chat", """{"model":"talker:"}""", 400, "invalid model name")]
    [InlineData("/api/embed", """{"model":"/x"}""", 400, "invalid model name")]
    [InlineData("/api/embeddings", """{"model":"../../etc/passwd"}""", 400, "invalid model name")]
    [InlineData("/api/show", """{"model":"-x"}""", 400, "invalid model name")]
    [InlineData("/api/generate", """{"model":"Nope:1b"}""", 404, "model 'Nope:1b' not found")]
    [InlineData("/api/chat", """{"model":"nope"}""", 404, "model 'nope' not found")]
    [InlineData("/api/embed", """{"model":"nope"}""", 404, "model \"nope\" not found, try pulling it first")]
    [InlineData("/api/embeddings", """{"model":"nope"}""", 404, "model \"nope\" not found, try pulling it first")]
    [InlineData("/api/show", """{"model":"nope"}""", 404, "model 'nope:latest' not found")]
    [InlineData("/api/show", """{"name":"registry.ollama.ai/me/nope"}""", 404, "model 'me/nope:latest' not found")]
    [InlineData("/api/chat", """{"model":"gone"}""", 404, "model 'gone' not found")]
    [InlineData("/api/chat", """{"model":"gpt-oss:120b-cloud"}""", 403, "ollama cloud is disabled: remote model is unavailable")]
    [InlineData("/api/chat", """{"model":"talker:cloud"}""", 403, "ollama cloud is disabled: remote model is unavailable")]
    [InlineData("/api/chat", """{"model":"talker:cloud:local"}""", 400, "use either :local or :cloud, not both")]
    [InlineData("/v1/chat/completions", """{"model":"nope","messages":[{"role":"user","content":"x"}]}""", 404, "model 'nope' not found")]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"user","content":"x"}]}""", 400, "model is required")]
    [InlineData("/v1/embeddings", """{"model":"nope","input":"x"}""", 404, "model \"nope\" not found, try pulling it first")]
    public async Task WrongNamesAreTold(string path, string body, int status, string error)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal((status, error), await server.AskErrorAsync(path, body));
    }

    [Theory]
    [InlineData("talker")]
    [InlineData("TALKER:Latest")]
    [InlineData("talker:small")]
    [InlineData("library/talker")]
    [InlineData("registry.ollama.ai/library/talker:latest")]
    [InlineData(" talker ")]
    [InlineData("talker:local")]
    public async Task NamesThatMeanTheSameModelAreEchoedAsWritten(string name)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        System.Text.Json.JsonElement answer =
            await server.AskJsonAsync("/api/chat", $$"""{"model":"{{name}}","stream":false,"messages":[{"role":"user","content":"Hi"}]}""");
        Assert.Equal(name, answer.GetProperty("model").GetString());
    }

    [Fact]
    public async Task ExtraModelsAreServedByName()
    {
        Dictionary<string, string> extra = new() { ["mine:q8"] = LocalLlm.Tests.RepoPaths.Vector("models", "qwen2-q8_0.gguf") };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine(), options => options with { ExtraModels = extra });
        await server.AskJsonAsync("/api/generate", """{"model":"mine:q8","prompt":"x","stream":false}""");
        Assert.Contains("\"mine:q8\"", await server.Client.GetStringAsync("/api/tags"), StringComparison.Ordinal);
    }
}
