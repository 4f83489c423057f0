using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Engine.Chat;
using LocalLlm.Server.Residency;
using LocalLlm.Server.Tests.Store;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Http;

/// <summary>The API over a store that was made by hand.</summary>
public sealed class StoreEndpointTests
{
    private static readonly string s_vector = RepoPaths.Vector("models", "qwen3-q8_0.gguf");

    [Fact]
    public async Task StoredModelsAreListedWithTheDigestOfTheirManifest()
    {
        using StoreFixture fixture = new();
        string manifest = fixture.WholeModel();
        fixture.WholeModel("hf.co/me/other/q8_0", "qwen2-q8_0.gguf");
        fixture.RawManifest("registry.ollama.ai/library/bad/latest", "{");
        File.SetLastWriteTimeUtc(manifest, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        await using ServerUnderTest server = await StartAsync(fixture);
        JsonElement[] models = [.. (await TagsAsync(server)).EnumerateArray()];
        Assert.Equal(["hf.co/me/other:q8_0", "tiny:latest"], models.Select(model => model.GetProperty("name").GetString()!)); // newest first
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(manifest))), models[1].GetProperty("digest").GetString());
        Assert.Equal(fixture.Open().Find(StoreFixture.Name("tiny"))!.Manifest.Size, models[1].GetProperty("size").GetInt64());
        Assert.Equal(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), models[1].GetProperty("modified_at").GetDateTimeOffset());
        JsonElement details = models[1].GetProperty("details");
        Assert.Equal(("1.2M", "Q8_0", "qwen3", "gguf"), (Text(details, "parameter_size"), Text(details, "quantization_level"), Text(details, "family"), Text(details, "format")));
        Assert.Equal("""["completion"]""", models[1].GetProperty("capabilities").GetRawText());
        JsonElement list = JsonDocument.Parse(await server.Client.GetStringAsync("/v1/models")).RootElement.GetProperty("data");
        Assert.Equal(["hf.co/me/other:q8_0", "tiny:latest"], list.EnumerateArray().Select(model => Text(model, "id")));
    }

    [Fact]
    public async Task WhatOthersAddAndDeleteIsSeenAtOnce()
    {
        using StoreFixture fixture = new();
        await using ServerUnderTest server = await StartAsync(fixture);
        Assert.Equal((404, "model 'tiny' not found"), await server.AskErrorAsync("/api/generate", """{"model":"tiny","prompt":"x"}"""));
        string manifest = fixture.WholeModel();
        Assert.True((await server.AskJsonAsync("/api/generate", """{"model":"TINY","prompt":"x","stream":false}""")).GetProperty("done").GetBoolean());
        File.Delete(manifest);
        Assert.Equal(404, (await server.AskErrorAsync("/api/generate", """{"model":"tiny","prompt":"x"}""")).Status);
        Assert.Equal(0, (await TagsAsync(server)).GetArrayLength());
        Assert.Equal("tiny:latest", Text(JsonDocument.Parse(await server.Client.GetStringAsync("/api/ps")).RootElement.GetProperty("models")[0], "name")); // still in memory
    }

    [Fact]
    public async Task TheModelsOwnWordsComeFirst()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await StartAsync(fixture, engine);
        await server.AskJsonAsync("/api/chat", """{"model":"tiny","stream":false,"messages":[{"role":"user","content":"q"}]}""");
        await server.AskJsonAsync("/api/chat", """{"model":"tiny","stream":false,"messages":[{"role":"system","content":"Own."},{"role":"user","content":"q"}]}""");
        await server.AskJsonAsync("/v1/chat/completions", """{"model":"tiny","messages":[{"role":"user","content":"q"}]}""");
        await server.AskJsonAsync("/api/generate", """{"model":"tiny","stream":false,"prompt":"q"}""");
        await server.AskJsonAsync("/api/generate", """{"model":"tiny","stream":false,"prompt":"q","system":"Own."}""");
        await server.AskJsonAsync("/api/generate", """{"model":"tiny","stream":false,"prompt":"q","context":[1,2]}""");
        await server.AskJsonAsync("/api/generate", """{"model":"tiny","stream":false,"prompt":"q","raw":true}""");
        const string History = "user:Hi|assistant:Ho|";
        Assert.Equal(
            [
                $"system:You are tiny.|{History}user:q", $"{History}system:Own.|user:q", $"system:You are tiny.|{History}user:q",
                $"system:You are tiny.|{History}user:q", $"system:Own.|{History}user:q", "system:You are tiny.|user:q", "",
            ],
            engine.Requests.Select(request => Said(request.Messages)));
        GenerationRequest first = engine.Requests.First();
        Assert.Equal((0.5f, 128), (first.Sampling.Temperature, first.ContextLength));
        Assert.Equal(["<|end|>", "<|user|>"], first.Stop);
    }

    [Fact]
    public async Task ShowTellsWhatTheStoreKnows()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        await using ServerUnderTest server = await StartAsync(fixture);
        JsonElement show = await server.AskJsonAsync("/api/show", """{"model":"Tiny"}""");
        Assert.Equal("The first licence.\nSecond line.\n\nThe other licence.", Text(show, "license"));
        Assert.Equal(StoreFixture.Template, Text(show, "template"));
        Assert.Equal("You are tiny.", Text(show, "system"));
        Assert.Equal("""[{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}]""", show.GetProperty("messages").GetRawText());
        Assert.Equal("qwen3", Text(show.GetProperty("model_info"), "general.architecture"));
        string blob = fixture.PathOf(fixture.Open().Find(StoreFixture.Name("tiny"))!.Manifest.Layers[0].Digest);
        Assert.Equal(
            $$"""
            # Modelfile generated by "localllm show"
            # To build a new Modelfile based on this, replace FROM with:
            # FROM tiny:latest

            FROM {{blob}}
            TEMPLATE {{StoreFixture.Template}}
            SYSTEM You are tiny.
            PARAMETER stop <|end|>
            PARAMETER stop <|user|>
            PARAMETER temperature 0.5
            PARAMETER num_ctx 128
            LICENSE "The first licence.
            Second line.
            "
            LICENSE The other licence.
            MESSAGE user Hi
            MESSAGE assistant Ho

            """,
            Text(show, "modelfile"));
    }

    [Fact]
    public async Task AModelThatCannotBeLoadedSaysWhy()
    {
        using StoreFixture fixture = new();
        const string Config = """{"model_format":"gguf","model_family":"llama","model_type":"1B","file_type":"Q4_0"}""";
        (string Digest, long Size) gguf = fixture.Blob(File.ReadAllBytes(s_vector)), gone = fixture.Blob("gone");
        fixture.Manifest("registry.ollama.ai/library/part/latest", Config, ("model", gone));
        fixture.Manifest("registry.ollama.ai/library/tensors/latest", Config, ("tensor", fixture.Blob("t")));
        fixture.Manifest("registry.ollama.ai/library/empty/latest", Config);
        fixture.Manifest("registry.ollama.ai/library/odd/latest", Config, ("model", gguf), ("params", fixture.Blob("[1]")));
        fixture.RawManifest("registry.ollama.ai/library/torn/latest", "{");
        File.Delete(fixture.PathOf(gone.Digest));
        await using ServerUnderTest server = await StartAsync(fixture);
        (string Name, string Reason)[] expected =
        [
            ("part", $"is incomplete: its blob {gone.Digest} is missing"), ("tensors", "is stored as safetensors"),
            ("empty", "has no model file"), ("odd", "its params layer is broken"), ("torn", "is broken: it is no manifest"),
        ];
        foreach ((string name, string reason) in expected)
        {
            (int status, string error) = await server.AskErrorAsync("/api/chat", $$"""{"model":"{{name}}","messages":[{"role":"user","content":"q"}]}""");
            Assert.Equal(500, status);
            Assert.Contains(reason, error, StringComparison.Ordinal);
        }
        Assert.Equal(["empty:latest", "odd:latest", "part:latest", "tensors:latest"], (await TagsAsync(server)).EnumerateArray().Select(model => Text(model, "name")).Order());
        JsonElement show = await server.AskJsonAsync("/api/show", """{"model":"part","verbose":false}""");
        Assert.Equal(("1B", "{}"), (Text(show.GetProperty("details"), "parameter_size"), show.GetProperty("model_info").GetRawText()));
        Assert.Equal(HttpStatusCode.OK, (await DeleteAsync(server, """{"name":"part"}""")).StatusCode);
    }

    [Fact]
    public async Task CopyAndDelete()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        await using ServerUnderTest server = await StartAsync(fixture);
        Assert.Equal((HttpStatusCode.OK, ""), await server.AskAsync("/api/copy", """{"source":"TINY","destination":"me/copy:v1"}"""));
        JsonElement[] models = [.. (await TagsAsync(server)).EnumerateArray()];
        Assert.Equal(["me/copy:v1", "tiny:latest"], models.Select(model => Text(model, "name")).Order());
        Assert.Equal(Text(models[0], "digest"), Text(models[1], "digest"));
        Assert.Equal((404, "model \"nope\" not found"), await server.AskErrorAsync("/api/copy", """{"source":"nope","destination":"x"}"""));
        Assert.Equal((400, "source \"a b\" is invalid"), await server.AskErrorAsync("/api/copy", """{"source":"a b","destination":"x"}"""));
        Assert.Equal((400, "destination \"\" is invalid"), await server.AskErrorAsync("/api/copy", """{"source":"tiny"}"""));
        using HttpResponseMessage deleted = await DeleteAsync(server, """{"model":"Tiny:LATEST"}""");
        Assert.Equal((HttpStatusCode.OK, ""), (deleted.StatusCode, await deleted.Content.ReadAsStringAsync()));
        using HttpResponseMessage again = await DeleteAsync(server, """{"model":"tiny"}""");
        Assert.Equal((HttpStatusCode.NotFound, """{"error":"model 'tiny' not found"}"""), (again.StatusCode, await again.Content.ReadAsStringAsync()));
        Assert.Equal(HttpStatusCode.BadRequest, (await DeleteAsync(server, """{"model":"a b"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await DeleteAsync(server, """{"model":"me/copy:v1"}""")).StatusCode);
        Assert.Empty(fixture.BlobNames());
    }

    [Fact]
    public async Task OfferedModelsAreCopiedIntoTheStoreAndNotDeleted()
    {
        using StoreFixture fixture = new();
        ServedModel offered = new()
        {
            Names = ["bundled"],
            Path = s_vector,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(s_vector))),
            Defaults = JsonDocument.Parse(ServerUnderTest.DefaultsOfTalker).RootElement,
            Licence = "Apache-2.0",
        };
        await using ServerUnderTest server = await StartAsync(fixture, models: [offered]);
        string digest = Text((await TagsAsync(server))[0], "digest");
        using HttpResponseMessage refused = await DeleteAsync(server, """{"model":"bundled"}""");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("model 'bundled:latest' is not in the model store", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await server.AskAsync("/api/copy", """{"source":"bundled","destination":"mine"}""")).Status);
        Assert.Equal(digest, Text((await TagsAsync(server)).EnumerateArray().Single(model => Text(model, "name") == "mine:latest"), "digest")); // the same manifest
        Assert.Equal(offered.Sha256, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(fixture.PathOf($"sha256:{offered.Sha256}")))));
        Assert.Equal("Apache-2.0", Text(await server.AskJsonAsync("/api/show", """{"model":"mine"}"""), "license"));
        Assert.Equal(HttpStatusCode.OK, (await server.AskAsync("/api/copy", """{"source":"bundled","destination":"bundled"}""")).Status);
        Assert.Equal(2, (await TagsAsync(server)).GetArrayLength()); // the stored one hides the offered one
        Assert.Equal(HttpStatusCode.OK, (await DeleteAsync(server, """{"model":"bundled"}""")).StatusCode);
        Assert.Equal(2, (await TagsAsync(server)).GetArrayLength());
        Assert.True(File.Exists(s_vector));
    }

    [Fact]
    public async Task BlobsAreTakenOnce()
    {
        using StoreFixture fixture = new();
        await using ServerUnderTest server = await StartAsync(fixture);
        byte[] content = Encoding.UTF8.GetBytes("a blob");
        string digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content)), other = "sha256:" + new string('0', 64);
        Assert.Equal(HttpStatusCode.NotFound, await HeadAsync(server, digest));
        Assert.Equal((HttpStatusCode.Created, ""), await PostAsync(server, digest, content));
        Assert.Equal((HttpStatusCode.OK, ""), await PostAsync(server, digest, content));
        Assert.Equal(HttpStatusCode.OK, await HeadAsync(server, digest));
        Assert.Equal(content, File.ReadAllBytes(fixture.PathOf(digest)));
        (HttpStatusCode status, string text) = await PostAsync(server, other, content);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal($"digest mismatch, expected \"{other}\", got \"{digest}\"", Text(JsonDocument.Parse(text).RootElement, "error"));
        Assert.Equal(HttpStatusCode.NotFound, await HeadAsync(server, other));
        Assert.Equal(HttpStatusCode.BadRequest, await HeadAsync(server, "sha256:12"));
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(server, "nothing", content)).Status);
        Assert.Single(fixture.BlobNames());
    }

    [Fact]
    public async Task AReadOnlyStoreServesAndRefusesChanges()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        File.WriteAllText(Path.Combine(fixture.Blobs, "old"), "unused");
        File.SetLastWriteTimeUtc(Path.Combine(fixture.Blobs, "old"), DateTime.UtcNow.AddDays(-1));
        await using ServerUnderTest server = await StartAsync(fixture, readOnly: true);
        Assert.True((await server.AskJsonAsync("/api/generate", """{"model":"tiny","prompt":"x","stream":false}""")).GetProperty("done").GetBoolean());
        (int status, string error) = await server.AskErrorAsync("/api/copy", """{"source":"tiny","destination":"x"}""");
        Assert.Equal(403, status);
        Assert.Contains("read-only", error, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Forbidden, (await DeleteAsync(server, """{"model":"tiny"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(server, "sha256:" + new string('0', 64), [1])).Status);
        Assert.True(File.Exists(Path.Combine(fixture.Blobs, "old")));
        Assert.False(File.Exists(Path.Combine(fixture.Root, ".localllm-lock")));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task StartingPrunesUnlessToldNotTo(bool prune, bool stays)
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        string old = Path.Combine(fixture.Blobs, "sha256-1234");
        File.WriteAllText(old, "x");
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddDays(-1));
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(
            new ScriptedEngine(), options => options with { StoreFolder = fixture.Root, Prune = prune });
        Assert.Equal(stays, File.Exists(old));
    }

    private static Task<ServerUnderTest> StartAsync(
        StoreFixture fixture, ScriptedEngine? engine = null, IReadOnlyList<ServedModel>? models = null, bool readOnly = false) => ServerUnderTest.StartAsync(
            engine ?? new ScriptedEngine(), options => options with { StoreFolder = fixture.Root, StoreReadOnly = readOnly, Models = models ?? [] });

    private static async Task<JsonElement> TagsAsync(ServerUnderTest server) =>
        JsonDocument.Parse(await server.Client.GetStringAsync("/api/tags")).RootElement.GetProperty("models");

    private static Task<HttpResponseMessage> DeleteAsync(ServerUnderTest server, string json) =>
        server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Delete, "/api/delete") { Content = new StringContent(json) });

    private static async Task<HttpStatusCode> HeadAsync(ServerUnderTest server, string digest)
    {
        using HttpResponseMessage response = await server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/api/blobs/{digest}"));
        return response.StatusCode;
    }

    private static async Task<(HttpStatusCode Status, string Text)> PostAsync(ServerUnderTest server, string digest, byte[] content)
    {
        using HttpResponseMessage response = await server.Client.PostAsync($"/api/blobs/{digest}", new ByteArrayContent(content));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static string Said(IReadOnlyList<ChatMessage>? messages) => string.Join('|', (messages ?? []).Select(message => $"{message.Role}:{message.Content}"));

    private static string Text(JsonElement fields, string name) => fields.GetProperty(name).GetString()!;
}
