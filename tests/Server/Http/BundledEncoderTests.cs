using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Numerics.Tensors;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Models;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Http;

/// <summary>The bundled all-minilm behind a real server: what the three embedding endpoints answer, and what else can be asked of an encoder.</summary>
public sealed class BundledEncoderTests : IAsyncLifetime
{
    private const string Question = "why is the sky blue?";

    private ServerUnderTest _server = null!;
    private ITextEngine? _engine;

    public async Task InitializeAsync() => _server = await ServerUnderTest.StartAsync(
        (model, _, _) => Task.FromResult(_engine = TextEngines.Open(model.Path, new ModelOptions { Threads = 2 })),
        options => options with { Models = [ModelCatalogue.Find(RepoPaths.Root).Resolve("all-minilm").ToServed()] });

    public Task DisposeAsync() => _server.DisposeAsync().AsTask();

    [Fact]
    public async Task EveryEndpointGivesTheSameVectorAloneAndAmongOthers()
    {
        float[] alone = VectorsOf(await EmbedAsync(JsonSerializer.Serialize(Question)))[0];
        Assert.Equal(384, alone.Length);
        Assert.Equal(1, TensorPrimitives.Norm(alone), 1e-5f);
        string many = JsonSerializer.Serialize(Enumerable.Range(0, 200).Select(i => i == 77 ? Question : string.Join(' ', Enumerable.Repeat($"{i} clouds", 1 + (i % 40)))));
        Assert.Equal(alone, VectorsOf(await EmbedAsync(many))[77]);
        Assert.Equal(alone, Numbers((await _server.AskJsonAsync("/api/embeddings", $$"""{"model":"all-minilm","prompt":"{{Question}}"}""")).GetProperty("embedding")));
        JsonElement listed = await _server.AskJsonAsync("/v1/embeddings", $$"""{"model":"all-minilm","input":{{many}}}""");
        Assert.Equal(alone, Numbers(listed.GetProperty("data")[77].GetProperty("embedding")));
        Assert.Equal(Enumerable.Range(0, 200), listed.GetProperty("data").EnumerateArray().Select(entry => entry.GetProperty("index").GetInt32()));
        JsonElement packed = await _server.AskJsonAsync("/v1/embeddings", $$"""{"model":"all-minilm","input":"{{Question}}","encoding_format":"base64"}""");
        byte[] bytes = packed.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        Assert.Equal(alone, Enumerable.Range(0, 384).Select(i => BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)))));
    }

    [Fact]
    public async Task CountsAndDurationsAreThose()
    {
        JsonElement answer = await EmbedAsync($"""["{Question}","{Question}"]""");
        Assert.Equal(16, answer.GetProperty("prompt_eval_count").GetInt32());
        Assert.True(answer.GetProperty("total_duration").GetInt64() >= answer.GetProperty("load_duration").GetInt64());
        JsonElement usage = (await _server.AskJsonAsync("/v1/embeddings", $$"""{"model":"all-minilm","input":"{{Question}}"}""")).GetProperty("usage");
        Assert.Equal((8, 8), (usage.GetProperty("prompt_tokens").GetInt32(), usage.GetProperty("total_tokens").GetInt32()));
    }

    [Fact]
    public async Task TruncationGivesTheVectorOfThePrefix()
    {
        // "[CLS] why [SEP]" is what three positions hold.
        Assert.Equal(VectorsOf(await EmbedAsync("\"why\"")), VectorsOf(await EmbedAsync($"\"{Question}\"", ",\"options\":{\"num_ctx\":3,\"temperature\":null,\"seed\":null}")));
        string words = string.Concat(Enumerable.Repeat("sky ", 510));
        JsonElement cut = await EmbedAsync($"""["{words} and more","{words}"]""");
        Assert.Equal(VectorsOf(cut)[1], VectorsOf(cut)[0]);
        Assert.Equal(1024, cut.GetProperty("prompt_eval_count").GetInt32());
    }

    [Theory]
    [InlineData("\"why is the sky blue?\"", ",\"truncate\":false,\"options\":{\"num_ctx\":3}", "the input length exceeds the context length: 8 tokens, 3 fit")]
    [InlineData("[\"a\",\"why is the sky blue?\"]", ",\"truncate\":false,\"options\":{\"num_ctx\":3}", "the input length exceeds the context length: 8 tokens, 3 fit")]
    [InlineData("\"why\"", ",\"options\":{\"num_ctx\":2}", "input after truncation exceeds maximum context length")]
    [InlineData("\"why\"", ",\"options\":{\"num_ctx\":1}", "input after truncation exceeds maximum context length")]
    [InlineData("\"why\"", ",\"options\":{\"num_ctx\":0}", "input after truncation exceeds maximum context length")]
    public async Task WhatDoesNotFitIsTold(string input, string more, string error) =>
        Assert.Equal((400, error), await _server.AskErrorAsync("/api/embed", $$"""{"model":"all-minilm","input":{{input}}{{more}}}"""));

    [Theory]
    [InlineData(10, 10)]
    [InlineData(383, 383)]
    [InlineData(384, 384)]
    [InlineData(5000, 384)]
    [InlineData(0, 384)]
    [InlineData(-1, 384)]
    public async Task DimensionsAreCutAndHaveLengthOneAgain(int dimensions, int expected)
    {
        float[] whole = VectorsOf(await EmbedAsync($"\"{Question}\""))[0];
        float[] vector = VectorsOf(await EmbedAsync($"\"{Question}\"", string.Create(CultureInfo.InvariantCulture, $",\"dimensions\":{dimensions}")))[0];
        Assert.Equal(expected, vector.Length);
        Assert.Equal(1, TensorPrimitives.Norm(vector), 1e-5f);
        Assert.Equal(1, TensorPrimitives.CosineSimilarity(whole.AsSpan(0, expected), vector), 1e-5f);
    }

    [Fact]
    public async Task EmptyTextsHaveVectorsAmongOthersAndAloneOnlyLoad()
    {
        JsonElement answer = await EmbedAsync("""["","why",""]""");
        float[][] vectors = VectorsOf(answer);
        Assert.Equal(vectors[0], vectors[2]);
        Assert.Equal(7, answer.GetProperty("prompt_eval_count").GetInt32());
        Assert.Empty(VectorsOf(await EmbedAsync("\"\"")));
        Assert.Equal(0, (await _server.AskJsonAsync("/api/embeddings", """{"model":"all-minilm","prompt":""}""")).GetProperty("embedding").GetArrayLength());
        Assert.Equal(vectors[0], Numbers((await _server.AskJsonAsync("/v1/embeddings", """{"model":"all-minilm","input":""}""")).GetProperty("data")[0].GetProperty("embedding")));
    }

    [Fact]
    public async Task TokenIdsAreTheModelsOwnWithOrWithoutBeginAndEnd()
    {
        // [CLS] why is the sky blue ? [SEP]
        JsonElement answer = await _server.AskJsonAsync("/v1/embeddings", """{"model":"all-minilm","input":[[101,2339,2003,1996,3712,2630,1029,102],[2339,2003,1996,3712,2630,1029],[1,2]]}""");
        float[][] vectors = [.. answer.GetProperty("data").EnumerateArray().Select(entry => Numbers(entry.GetProperty("embedding")))];
        float[] text = VectorsOf(await EmbedAsync($"\"{Question}\""))[0];
        Assert.Equal([text, text], vectors[..2]);
        Assert.Equal(8 + 8 + 4, answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        JsonElement one = await _server.AskJsonAsync("/v1/embeddings", """{"model":"all-minilm","input":[1,2]}""");
        Assert.Equal(vectors[2], Numbers(one.GetProperty("data")[0].GetProperty("embedding")));
        Assert.Equal(
            (400, "Token 30522 does not exist: the model's tokens are numbered 0 to 30521."),
            await _server.AskErrorAsync("/v1/embeddings", """{"model":"all-minilm","input":[1,30522]}"""));
    }

    [Theory]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]", "\"all-minilm\" does not support chat")]
    [InlineData("/api/chat", "\"messages\":[]", "\"all-minilm\" does not support chat")]
    [InlineData("/api/generate", "\"prompt\":\"hi\"", "\"all-minilm\" does not support generate")]
    [InlineData("/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]", "\"all-minilm\" does not support chat")]
    public async Task AnEncoderGeneratesNothing(string path, string field, string error) =>
        Assert.Equal((400, error), await _server.AskErrorAsync(path, $$"""{"model":"all-minilm",{{field}}}"""));

    [Fact]
    public async Task ItIsResidentAsAnyModel()
    {
        Assert.Equal(["embedding"], (await _server.AskJsonAsync("/api/show", """{"model":"all-minilm"}""")).GetProperty("capabilities").EnumerateArray().Select(one => one.GetString()));
        await EmbedAsync("\"a\"", ",\"keep_alive\":-1");
        JsonElement loaded = Assert.Single((await RunningAsync()).EnumerateArray());
        Assert.Equal(("all-minilm:latest", 512), (loaded.GetProperty("name").GetString(), loaded.GetProperty("context_length").GetInt32()));
        // The file and what it takes to run it.
        Assert.InRange(loaded.GetProperty("size").GetInt64(), 25_000_000, 250_000_000);
        Assert.InRange(loaded.GetProperty("expires_at").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddYears(100), DateTimeOffset.MaxValue);
        JsonElement unloaded = await _server.AskJsonAsync("/api/generate", """{"model":"all-minilm","keep_alive":0}""");
        Assert.Equal("unload", unloaded.GetProperty("done_reason").GetString());
        while ((await RunningAsync()).GetArrayLength() > 0)
        {
            await Task.Delay(10);
        }
        Assert.Single(VectorsOf(await EmbedAsync("\"a\"")));
    }

    [Fact]
    public async Task ManyClientsAreServedTogetherWithTheSameBits()
    {
        string[] texts = [.. Enumerable.Range(0, 64).Select(i => string.Join(' ', Enumerable.Repeat($"number {i}", 1 + (i % 20))))];
        float[][] expected = VectorsOf(await EmbedAsync(JsonSerializer.Serialize(texts)));
        float[][] actual = [.. (await Task.WhenAll(texts.Select(text => EmbedAsync(JsonSerializer.Serialize(text))))).Select(answer => VectorsOf(answer)[0])];
        Assert.Equal(expected, actual);
    }

    [Fact]
    public async Task AClientThatLeavesKeepsNobodyWaiting()
    {
        using CancellationTokenSource leaves = new();
        string body = $$"""{"model":"all-minilm","input":{{JsonSerializer.Serialize(Enumerable.Repeat(Question, 20_000))}}}""";
        Task<HttpResponseMessage> gone = _server.Client.PostAsync("/api/embed", new StringContent(body), leaves.Token);
        await EmbedAsync("\"a\"");
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        // The server learns of it a moment later; then nothing waits, and most was never computed.
        while (_engine!.Status.WaitingSequences > 0)
        {
            await Task.Delay(10);
        }
        Assert.InRange(_engine.Status.StepTokens, 1, (20_000 * 8) - 1);
        Assert.Single(VectorsOf(await EmbedAsync("\"a\"")));
    }

    private Task<JsonElement> EmbedAsync(string input, string more = "") => _server.AskJsonAsync("/api/embed", $$"""{"model":"all-minilm","input":{{input}}{{more}}}""");

    private async Task<JsonElement> RunningAsync()
    {
        using HttpResponseMessage response = await _server.Client.GetAsync("/api/ps");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("models");
    }

    private static float[][] VectorsOf(JsonElement answer) => [.. answer.GetProperty("embeddings").EnumerateArray().Select(Numbers)];

    private static float[] Numbers(JsonElement vector) => [.. vector.EnumerateArray().Select(value => value.GetSingle())];
}
