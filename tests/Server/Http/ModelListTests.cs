using System.Net;
using System.Text.Json;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Http;

public sealed class ModelListTests
{
    [Fact]
    public async Task TagsListEveryNameWhoseFileIsThere()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        JsonElement models = JsonDocument.Parse(await server.Client.GetStringAsync("/api/tags")).RootElement.GetProperty("models");
        Assert.Equal(["me/embedder:v1", "talker:latest", "talker:small"], models.EnumerateArray().Select(model => model.GetProperty("name").GetString()!).Order());
        JsonElement talker = models.EnumerateArray().Single(model => model.GetProperty("model").GetString() == "talker:latest");
        Assert.Equal(new FileInfo(RepoPaths.Vector("models", "qwen3-q8_0.gguf")).Length, talker.GetProperty("size").GetInt64());
        Assert.Matches("^[0-9a-f]{64}$", talker.GetProperty("digest").GetString());
        Assert.Equal("""["completion"]""", talker.GetProperty("capabilities").GetRawText());
        Assert.Matches(@"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?[+-]\d\d:\d\d$", talker.GetProperty("modified_at").GetString());
        JsonElement details = talker.GetProperty("details");
        Assert.Equal(("", "gguf", "qwen3", "[\"qwen3\"]"), (details.GetProperty("parent_model").GetString(), details.GetProperty("format").GetString(), details.GetProperty("family").GetString(), details.GetProperty("families").GetRawText()));
        Assert.Equal("Q8_0", details.GetProperty("quantization_level").GetString());
        JsonElement embedder = models.EnumerateArray().Single(model => model.GetProperty("model").GetString() == "me/embedder:v1");
        Assert.Equal("""["embedding"]""", embedder.GetProperty("capabilities").GetRawText());
        Assert.NotEqual(talker.GetProperty("digest").GetString(), embedder.GetProperty("digest").GetString());
    }

    [Fact]
    public async Task NoModelsAreEmptyLists()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine(), options => options with { Models = [] });
        Assert.Equal("""{"models":[]}""", await server.Client.GetStringAsync("/api/tags"));
        Assert.Equal("""{"models":[]}""", await server.Client.GetStringAsync("/api/ps"));
        Assert.Equal("""{"object":"list","data":[]}""", await server.Client.GetStringAsync("/v1/models"));
    }

    [Fact]
    public async Task DigestFollowsTheContent()
    {
        string folder = Directory.CreateTempSubdirectory("localllm-").FullName;
        try
        {
            string path = Path.Combine(folder, "model.gguf");
            byte[] bytes = File.ReadAllBytes(RepoPaths.Vector("models", "qwen2-q8_0.gguf"));
            File.WriteAllBytes(path, bytes);
            Dictionary<string, string> extra = new() { ["mine"] = path };
            await using ServerUnderTest server = await ServerUnderTest.StartAsync(
                new ScriptedEngine(), options => options with { Models = [], ExtraModels = extra });
            string before = await DigestAsync(server);
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-1));
            Assert.Equal(before, await DigestAsync(server)); // the same bytes, whenever written
            using (LocalLlm.Gguf.GgufFile file = LocalLlm.Gguf.GgufFile.Open(path))
            {
                bytes[file.Tensors[^1].FileOffset] ^= 1; // other weights, the same header
            }
            File.WriteAllBytes(path, bytes);
            Assert.NotEqual(before, await DigestAsync(server));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task BrokenFileIsLeftOutAndToldWhenAskedFor()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "GGUF but not really");
            Dictionary<string, string> extra = new() { ["broken"] = path };
            await using ServerUnderTest server = await ServerUnderTest.StartAsync(
                new ScriptedEngine(), options => options with { Models = [], ExtraModels = extra });
            Assert.Equal("""{"models":[]}""", await server.Client.GetStringAsync("/api/tags"));
            (int status, string error) = await server.AskErrorAsync("/api/show", """{"model":"broken"}""");
            Assert.Equal(500, status);
            Assert.Contains(path, error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task ShowTellsWhatTheFileSays()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        JsonElement show = await server.AskJsonAsync("/api/show", """{"name":"talker"}""");
        Assert.Equal("Apache-2.0", show.GetProperty("license").GetString());
        Assert.Equal(
            "temperature                    0.25\ntop_p                          0.75\nstop                           \"<end>\"\nstop                           \"\\n\\n\"",
            show.GetProperty("parameters").GetString());
        Assert.Contains($"\nFROM {RepoPaths.Vector("models", "qwen3-q8_0.gguf")}\n", show.GetProperty("modelfile").GetString(), StringComparison.Ordinal);
        Assert.Contains("\nPARAMETER temperature 0.25\n", show.GetProperty("modelfile").GetString(), StringComparison.Ordinal);
        JsonElement info = show.GetProperty("model_info");
        Assert.Equal("qwen3", info.GetProperty("general.architecture").GetString());
        Assert.True(info.GetProperty("general.parameter_count").GetInt64() > 0);
        Assert.False(info.TryGetProperty("general.name", out _));
        Assert.False(info.TryGetProperty("tokenizer.chat_template", out _));
        Assert.Equal("[]", info.GetProperty("tokenizer.ggml.tokens").GetRawText());
        Assert.Equal(info.EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal), info.EnumerateObject().Select(field => field.Name));
        Assert.False(show.TryGetProperty("tensors", out _));
        Assert.Equal(JsonValueKind.String, show.GetProperty("template").ValueKind);
        Assert.Equal(show.GetRawText(), (await server.AskJsonAsync("/api/show", """{"model":"talker:small"}""")).GetRawText());
    }

    [Fact]
    public async Task VerboseShowHasEverything()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        JsonElement show = await server.AskJsonAsync("/api/show", """{"model":"talker","verbose":true}""");
        Assert.True(show.GetProperty("model_info").GetProperty("tokenizer.ggml.tokens").GetArrayLength() > 5);
        JsonElement embedding = show.GetProperty("tensors").EnumerateArray().Single(tensor => tensor.GetProperty("name").GetString() == "token_embd.weight");
        Assert.Equal("Q8_0", embedding.GetProperty("type").GetString());
        Assert.Equal(2, embedding.GetProperty("shape").GetArrayLength());
    }

    [Fact]
    public async Task CopilotFindsTheNameThatItAskedFor()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        HttpRequestMessage request = new(HttpMethod.Post, "/api/show") { Content = new StringContent("""{"model":"talker"}""") };
        request.Headers.TryAddWithoutValidation("User-Agent", "GitHubCopilotChat/0.30");
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        Assert.Contains("\"general.basename\":\"talker\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("\"general.basename\":\"talker\"", (await server.AskAsync("/api/show", """{"model":"talker"}""")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PsShowsWhatIsLoaded()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        await server.AskJsonAsync("/api/generate", """{"model":"talker","keep_alive":"10m"}""");
        await server.AskJsonAsync("/api/generate", """{"model":"me/embedder:v1","keep_alive":-1}""");
        JsonElement models = JsonDocument.Parse(await server.Client.GetStringAsync("/api/ps")).RootElement.GetProperty("models");
        Assert.Equal(["me/embedder:v1", "talker:latest"], models.EnumerateArray().Select(model => model.GetProperty("name").GetString()!));
        JsonElement talker = models[1];
        Assert.Equal((12345, 0, 4096), (talker.GetProperty("size").GetInt32(), talker.GetProperty("size_vram").GetInt32(), talker.GetProperty("context_length").GetInt32()));
        Assert.Equal("talker:latest", talker.GetProperty("model").GetString());
        Assert.InRange(DateTimeOffset.Parse(talker.GetProperty("expires_at").GetString()!), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddMinutes(10));
        Assert.StartsWith("2318-", models[0].GetProperty("expires_at").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("talker", "talker:latest", "library")]
    [InlineData("talker:small", "talker:small", "library")]
    [InlineData("me%2Fembedder:v1", "me/embedder:v1", "me")]
    [InlineData("me%2fembedder%3Av1", "me/embedder:v1", "me")]
    [InlineData("me/embedder:v1", "me/embedder:v1", "me")]
    public async Task OpenAiModelIsFoundByItsName(string path, string id, string owner)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        string answer = await server.SendRawAsync($"GET /v1/models/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.Matches($$"""\{"object":"model","id":"{{id}}","created":\d{10},"owned_by":"{{owner}}"\}$""", answer);
    }

    [Fact]
    public async Task OpenAiListsTheSameModelsAsTags()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        JsonElement list = JsonDocument.Parse(await server.Client.GetStringAsync("/v1/models")).RootElement;
        JsonElement tags = JsonDocument.Parse(await server.Client.GetStringAsync("/api/tags")).RootElement;
        Assert.Equal("list", list.GetProperty("object").GetString());
        Assert.Equal(
            tags.GetProperty("models").EnumerateArray().Select(model => model.GetProperty("name").GetString()).Order(),
            list.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()).Order());
    }

    [Theory]
    [InlineData("GET", "nope", 404, "model 'nope' not found")]
    [InlineData("DELETE", "nope", 404, "model 'nope' not found")]
    [InlineData("DELETE", "talker", 405, "model 'talker' cannot be deleted over this API")]
    public async Task OpenAiToldOfWhatCannotBeDone(string method, string id, int status, string error)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        using HttpResponseMessage response = await server.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), $"/v1/models/{id}"));
        JsonElement body = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal((status, error), ((int)response.StatusCode, body.GetProperty("error").GetProperty("message").GetString()));
    }

    [Fact]
    public async Task UnloadTakesTheModelOffTheList()
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        await server.AskJsonAsync("/api/generate", """{"model":"talker"}""");
        await server.AskJsonAsync("/api/generate", """{"model":"talker","keep_alive":0}""");
        Assert.Equal("""{"models":[]}""", await server.Client.GetStringAsync("/api/ps"));
        Assert.Equal(HttpStatusCode.OK, (await server.AskAsync("/api/chat", """{"model":"talker","keep_alive":0}""")).Status); // not loaded: no error
    }

    private static async Task<string> DigestAsync(ServerUnderTest server) =>
        JsonDocument.Parse(await server.Client.GetStringAsync("/api/tags")).RootElement.GetProperty("models")[0].GetProperty("digest").GetString()!;
}
