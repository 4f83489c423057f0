using System.Text.Json;
using LocalLlm.Engine;

namespace LocalLlm.Server.Tests.Http;

public sealed class RerankTests
{
    private const string Texts = "\"documents\":[\"one\",{\"text\":\"seventeen\",\"id\":7},\"three\",\"eight\"]";

    [Theory]
    [InlineData("/v1/rerank")]
    [InlineData("/v2/rerank")]
    [InlineData("/rerank")]
    public async Task TheSharedShapeIsAnswered(string path)
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        JsonElement answer = await server.AskJsonAsync(path, $$"""{"model":"talker","query":"q",{{Texts}},"user":"u","rank_fields":["text"]}""");
        Assert.Equal(["id", "model", "results", "method", "usage"], answer.EnumerateObject().Select(property => property.Name));
        Assert.Matches("^rerank-[0-9a-f]{32}$", answer.GetProperty("id").GetString());
        Assert.Equal("talker", answer.GetProperty("model").GetString());
        Assert.Equal("similarity", answer.GetProperty("method").GetString());
        Assert.Equal("""{"prompt_tokens":12,"total_tokens":12}""", answer.GetProperty("usage").GetRawText());
        // Of equal scores the one that stood first.
        Assert.Equal(
            """[{"index":1,"relevance_score":0.9,"document":{"text":"seventeen"}},{"index":2,"relevance_score":0.5,"document":{"text":"three"}},{"index":3,"relevance_score":0.5,"document":{"text":"eight"}},{"index":0,"relevance_score":0.3,"document":{"text":"one"}}]""",
            answer.GetProperty("results").GetRawText());
    }

    [Fact]
    public async Task TheNativeEndpointAnswersWithItsTimes()
    {
        ScriptedEngine engine = new() { Rerank = _ => new RerankResult([0.25f, 1e-9f, 1, 0.5f], RerankMethod.YesNo, 77) };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        JsonElement answer = await server.AskJsonAsync("/api/rerank", $$"""{"model":"me/embedder:v1","query":"q",{{Texts}},"return_documents":false,"keep_alive":"5m"}""");
        Assert.Equal(["model", "method", "results", "total_duration", "load_duration", "prompt_eval_count"], answer.EnumerateObject().Select(property => property.Name));
        Assert.Equal("me/embedder:v1", answer.GetProperty("model").GetString());
        Assert.Equal("yes-no", answer.GetProperty("method").GetString());
        Assert.Equal(77, answer.GetProperty("prompt_eval_count").GetInt32());
        Assert.True(answer.GetProperty("total_duration").GetInt64() >= answer.GetProperty("load_duration").GetInt64());
        Assert.Equal(
            """[{"index":2,"relevance_score":1},{"index":3,"relevance_score":0.5},{"index":0,"relevance_score":0.25},{"index":1,"relevance_score":1E-09}]""",
            answer.GetProperty("results").GetRawText());
    }

    [Theory]
    [InlineData("/v1/rerank", 1, new[] { 1 })]
    [InlineData("/v1/rerank", 2, new[] { 1, 2 })]
    [InlineData("/api/rerank", 3, new[] { 1, 2, 3 })]
    [InlineData("/api/rerank", 100, new[] { 1, 2, 3, 0 })]
    public async Task OnlyTheBestAreSent(string path, int top, int[] indices)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        JsonElement answer = await server.AskJsonAsync(path, $$"""{"model":"talker","query":"q",{{Texts}},"top_n":{{top}}}""");
        Assert.Equal(indices, answer.GetProperty("results").EnumerateArray().Select(result => result.GetProperty("index").GetInt32()));
    }

    [Theory]
    [InlineData("cross-encoder", RerankMethod.CrossEncoder)]
    [InlineData("yes-no", RerankMethod.YesNo)]
    [InlineData("similarity", RerankMethod.Similarity)]
    public async Task SettingsReachTheEngine(string method, RerankMethod expected)
    {
        ScriptedEngine engine = new() { Rerank = request => new RerankResult([0, 0], request.Method!.Value, 1) };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        string body = $$"""{"model":"talker","query":" q\n","documents":["a",{"text":""}],"method":"{{method}}","truncate":false,"max_tokens_per_doc":9,"instruction":"i","options":{"num_ctx":30} }""";
        Assert.Equal(method, (await server.AskJsonAsync("/api/rerank", body)).GetProperty("method").GetString());
        Assert.Equal(method, (await server.AskJsonAsync("/v1/rerank", body)).GetProperty("method").GetString());
        RerankRequest[] requests = [.. engine.RerankRequests];
        Assert.All(requests, request =>
        {
            Assert.Equal((" q\n", expected, "i", false, 9), (request.Query, request.Method, request.Instruction, request.Truncate, request.MaxDocumentTokens));
            Assert.Equal(["a", ""], request.Documents);
            Assert.Equal("127.0.0.1", request.Client);
        });
        Assert.Equal([30, 30], requests.Select(request => request.ContextLength));
    }

    [Theory]
    [InlineData("/v1/rerank")]
    [InlineData("/api/rerank")]
    public async Task TheModelsOwnContextHoldsWhereARequestGivesNone(string path)
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine, OptionTests.WithContextOfTalker);
        await server.AskJsonAsync(path, """{"model":"talker","query":"q","documents":["a"]}""");
        await server.AskJsonAsync(path, """{"model":"talker","query":"q","documents":["a"],"options":{"num_ctx":20}}""");
        Assert.Equal([24, 20], engine.RerankRequests.Select(request => request.ContextLength));
    }

    [Theory]
    [InlineData("\"documents\":[\"a\"]", "query is empty: send the text to rank the documents for")]
    [InlineData("\"query\":\" \",\"documents\":[\"a\"]", "query is empty: send the text to rank the documents for")]
    [InlineData("\"query\":[\"q\"],\"documents\":[\"a\"]", "query must be a string, not an array")]
    [InlineData("\"query\":\"q\"", "documents is empty: send an array of at least one text")]
    [InlineData("\"query\":\"q\",\"documents\":[]", "documents is empty: send an array of at least one text")]
    [InlineData("\"query\":\"q\",\"documents\":\"a\"", "documents must be an array, not a string")]
    [InlineData("\"query\":\"q\",\"documents\":[\"a\",7]", "documents[1] must be a string or an object with a string in its field text")]
    [InlineData("\"query\":\"q\",\"documents\":[{\"image\":\"x\"}]", "documents[0] has no text: send a string, or an object with a string in its field text")]
    [InlineData("\"query\":\"q\",\"documents\":[{\"text\":7}]", "documents[0].text must be a string, not a number")]
    [InlineData("\"query\":\"q\",\"documents\":[\"a\"],\"top_n\":0", "top_n must be at least 1, not 0")]
    [InlineData("\"query\":\"q\",\"documents\":[\"a\"],\"top_n\":1.5", "top_n must be an integer, not 1.5")]
    [InlineData("\"query\":\"q\",\"documents\":[\"a\"],\"top_n\":\"2\"", "top_n must be an integer, not a string")]
    [InlineData("\"query\":\"q\",\"documents\":[\"a\"],\"max_tokens_per_doc\":-1", "max_tokens_per_doc must be at least 1, not -1")]
    [InlineData("\"query\":\"q\",\"documents\":[\"a\"],\"return_documents\":1", "return_documents must be a boolean, not a number")]
    [InlineData("\"query\":\"q\",\"documents\":[\"a\"],\"method\":\"bm25\"", "invalid method 'bm25': it must be 'cross-encoder', 'yes-no', 'similarity', or left out")]
    public async Task WrongInputIsTold(string fields, string error)
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        foreach (string path in new[] { "/v1/rerank", "/v2/rerank", "/api/rerank" })
        {
            Assert.Equal((400, error), await server.AskErrorAsync(path, $$"""{"model":"talker",{{fields}}}"""));
        }
        Assert.Empty(engine.RerankRequests);
    }

    [Theory]
    [InlineData("/v1/rerank")]
    [InlineData("/api/rerank")]
    public async Task ErrorsOfTheEngineAreTold(string path)
    {
        TextEngineException refusal = new(TextEngineErrorKind.Unsupported, "This model is no cross-encoder.");
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { RefusesWith = refusal });
        Assert.Equal((400, "This model is no cross-encoder."), await server.AskErrorAsync(path, """{"model":"talker","query":"q","documents":["a"]}"""));
        Assert.Equal((404, "model '' not found"), await server.AskErrorAsync(path, """{"query":"q","documents":["a"]}"""));
    }
}
