using System.Buffers.Binary;
using System.Net;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Cli.Vectors;
using LocalLlm.Server.Tests.Cli;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Http;

public sealed class EmbedTests
{
    [Theory]
    [InlineData("\"hello\"", 1)]
    [InlineData("[\"a\",\"\",\"c\"]", 3)]
    public async Task EmbedAnswersInOrder(string input, int count)
    {
        ScriptedEngine engine = new() { Embed = request => new EmbeddingResult([.. request.Inputs.Select((_, i) => new[] { i + 0.5f, -1e-7f })], 9) };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        JsonElement answer = await server.AskJsonAsync("/api/embed", $$"""{"model":"me/embedder:v1","input":{{input}}}""");
        Assert.Equal(Enumerable.Range(0, count).Select(i => i + 0.5f), answer.GetProperty("embeddings").EnumerateArray().Select(vector => vector[0].GetSingle()));
        Assert.Equal(-1e-7f, answer.GetProperty("embeddings")[0][1].GetSingle());
        Assert.Equal(9, answer.GetProperty("prompt_eval_count").GetInt32());
        Assert.True(answer.GetProperty("total_duration").GetInt64() >= answer.GetProperty("load_duration").GetInt64());
        Assert.Equal("me/embedder:v1", answer.GetProperty("model").GetString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"input\":\"\"")]
    [InlineData(",\"input\":[]")]
    [InlineData(",\"input\":null")]
    public async Task NoInputLoadsTheModel(string field)
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        Assert.Equal("""{"model":"talker","embeddings":[]}""", (await server.AskAsync("/api/embed", $$"""{"model":"talker"{{field}}}""")).Text);
        Assert.Empty(engine.EmbeddingRequests);
    }

    [Theory]
    [InlineData("\"input\":7", "invalid input type")]
    [InlineData("\"input\":[1,2]", "invalid input type")]
    [InlineData("\"input\":{}", "invalid input type")]
    [InlineData("\"input\":\"x\",\"options\":{\"num_ctx\":0}", "input after truncation exceeds maximum context length")]
    [InlineData("\"input\":\"x\",\"truncate\":\"no\"", "truncate must be a boolean, not a string")]
    [InlineData("\"input\":\"x\",\"dimensions\":\"1\"", "dimensions must be an integer, not a string")]
    [InlineData("\"input\":\"x\",\"dimensions\":1.5", "dimensions must be an integer, not 1.5")]
    [InlineData("\"input\":\"x\",\"dimensions\":4294967296", "dimensions is out of range: 4294967296")]
    public async Task WrongInputIsTold(string field, string error)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal((400, error), await server.AskErrorAsync("/api/embed", $$"""{"model":"talker",{{field}}}"""));
    }

    [Theory]
    [InlineData("/api/embed")]
    [InlineData("/v1/embeddings")]
    public async Task AnEmptyInputThatTheModelRefusesIsNamed(string path)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(
            async (_, _, _) => await Task.FromResult(TextEngines.Open(RepoPaths.Vector("models", "qwen3-q8_0.gguf"), new ModelOptions { Threads = 1 })));
        const string sentence = "An input is empty, and this model has no token that could stand for it: send at least one character.";
        Assert.Equal((400, $"{sentence} (input[2] is empty)"), await server.AskErrorAsync(path, """{"model":"talker","input":["a","b","","c"]}"""));

        // The command line asked the server for a batch, and was asked for all.
        CliUnderTest cli = new() { Variables = { ["OLLAMA_HOST"] = $"127.0.0.1:{server.Port}" }, Input = string.Concat(Enumerable.Repeat("x\n", TextLines.MostTexts + 3)) + "\nx\n" };
        Assert.Equal(1, await cli.RunAsync("embed", "talker", "--format", "csv"));
        Assert.Equal($"Error: {sentence} (text {TextLines.MostTexts + 4} is empty)\n", cli.Error.ToString());
    }

    [Theory]
    [InlineData("4.0")]
    [InlineData("4e0")]
    public async Task DimensionsMayBeWrittenAsAnyWholeNumber(string dimensions)
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        await server.AskJsonAsync("/api/embed", $$"""{"model":"talker","input":"x","dimensions":{{dimensions}}}""");
        Assert.Equal(4, Assert.Single(engine.EmbeddingRequests).Dimensions);
    }

    [Theory]
    [InlineData("/api/embed")]
    [InlineData("/v1/embeddings")]
    public async Task AClientThatDoesNotReadItsAnswerKeepsNoModel(string path)
    {
        // 40 MB of text and more, which no socket takes at once.
        ScriptedEngine engine = new() { Embed = request => new EmbeddingResult([.. request.Inputs.Select(_ => Enumerable.Repeat(1f / 3, 4_000_000).ToArray())], 1) };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent("""{"model":"talker","input":"x","keep_alive":0}""") };
        using HttpResponseMessage answer = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        // Else the engine is never unloaded, and this hangs.
        await engine.End.Task;
        Assert.True((await answer.Content.ReadAsByteArrayAsync()).Length > 40_000_000);
    }

    [Fact]
    public async Task SettingsReachTheEngine()
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        await server.AskJsonAsync("/api/embed", """{"model":"talker","input":"x","truncate":false,"dimensions":4,"options":{"num_ctx":3,"temperature":null}}""");
        EmbeddingRequest request = Assert.Single(engine.EmbeddingRequests);
        Assert.Equal((false, 4, 3), (request.Truncate, request.Dimensions, request.ContextLength));
    }

    [Theory]
    [InlineData("/api/embed", "input")]
    [InlineData("/api/embeddings", "prompt")]
    [InlineData("/v1/embeddings", "input")]
    public async Task TheContextIsTheRequestsElseTheModelsOwn(string path, string field)
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine, OptionTests.WithContextOfTalker);
        await server.AskJsonAsync(path, $$"""{"model":"talker","{{field}}":"x"}""");
        await server.AskJsonAsync(path, $$"""{"model":"talker","{{field}}":"x","options":{"num_ctx":3} }""");
        Assert.Equal([24, 3], engine.EmbeddingRequests.Select(request => request.ContextLength));
        Assert.Equal(
            (400, "input after truncation exceeds maximum context length"),
            await server.AskErrorAsync(path, $$"""{"model":"talker","{{field}}":"x","options":{"num_ctx":0} }"""));
    }

    [Theory]
    [InlineData("\"hello\"", """{"embedding":[0.6,-0.8]}""")]
    [InlineData("\"\"", """{"embedding":[]}""")]
    public async Task OldEndpointAnswersOneVector(string prompt, string answer)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal(answer, (await server.AskAsync("/api/embeddings", $$"""{"model":"talker","prompt":{{prompt}}}""")).Text);
    }

    [Theory]
    [InlineData("/v1/embeddings")]
    [InlineData("/embeddings")]
    public async Task OpenAiAnswersNumbers(string path)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal(
            """{"object":"list","data":[{"object":"embedding","embedding":[0.6,-0.8],"index":0},{"object":"embedding","embedding":[0.6,-0.8],"index":1}],"model":"talker","usage":{"prompt_tokens":4,"total_tokens":4}}""",
            (await server.AskAsync(path, """{"model":"talker","input":["a",""],"encoding_format":"float","user":"u"}""")).Text);
    }

    [Fact]
    public async Task OpenAiAnswersBase64()
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        JsonElement answer = await server.AskJsonAsync("/v1/embeddings", """{"model":"talker","input":"","encoding_format":"base64","dimensions":2}""");
        byte[] bytes = answer.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        Assert.Equal([0.6f, -0.8f], [BinaryPrimitives.ReadSingleLittleEndian(bytes), BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(4))]);
        Assert.Equal(2, Assert.Single(engine.EmbeddingRequests).Dimensions);
    }

    [Theory]
    [InlineData("[1,2,3]", new[] { "1 2 3" })]
    [InlineData("[[1,2],[3]]", new[] { "1 2", "3" })]
    public async Task OpenAiTakesTokenIdsAsTheModelsOwn(string input, string[] tokens)
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        JsonElement answer = await server.AskJsonAsync("/v1/embeddings", $$"""{"model":"talker","input":{{input}}}""");
        Assert.Equal(tokens.Length, answer.GetProperty("data").GetArrayLength());
        Assert.Equal(tokens, Assert.Single(engine.EmbeddingRequests).Tokens!.Select(ids => string.Join(' ', ids)));
    }

    [Theory]
    [InlineData("", "invalid input")]
    [InlineData(",\"input\":[]", "invalid input")]
    [InlineData(",\"input\":5", "invalid input")]
    [InlineData(",\"input\":[\"a\",1]", "invalid input")]
    [InlineData(",\"input\":[1,2.5]", "invalid input")]
    [InlineData(",\"input\":[[1],2]", "invalid input")]
    [InlineData(",\"input\":\"x\",\"dimensions\":1.5", "dimensions must be an integer, not 1.5")]
    [InlineData(",\"input\":\"x\",\"encoding_format\":\"hex\"", "invalid encoding_format 'hex': it must be 'float' or 'base64'")]
    public async Task OpenAiRefusesOtherInput(string field, string error)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal((400, error), await server.AskErrorAsync("/v1/embeddings", $$"""{"model":"talker"{{field}}}"""));
    }
}
