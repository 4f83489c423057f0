using System.Runtime.InteropServices;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Gguf;
using LocalLlm.Server.Models;
using LocalLlm.Server.Residency;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Http;

/// <summary>Models behind a real server that rank: the bundled encoder by similarity, and a model with a classification head, which does nothing else.</summary>
public sealed class RankingModelTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-rank-");
    private ServerUnderTest _server = null!;

    public async Task InitializeAsync()
    {
        ServedModel ranker = new() { Names = ["ranker"], Path = WriteRanker() };
        _server = await ServerUnderTest.StartAsync(
            (model, _, _) => Task.FromResult(TextEngines.Open(model.Path, new ModelOptions { Threads = 2 })),
            options => options with { Models = [ModelCatalogue.Find(RepoPaths.Root).Resolve("all-minilm").ToServed(), ranker] });
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task TheBundledEncoderFindsTheDocumentThatAnswers()
    {
        const string Body = """{"model":"all-minilm","query":"What is the capital of France?","documents":["Bread is made of flour, water and salt.","Paris is where France is governed from.","The Eiffel tower is 330 m high."],"return_documents":false}""";
        JsonElement answer = await _server.AskJsonAsync("/v1/rerank", Body);
        Assert.Equal("similarity", answer.GetProperty("method").GetString());
        Assert.Equal([1, 2, 0], answer.GetProperty("results").EnumerateArray().Select(result => result.GetProperty("index").GetInt32()));
        JsonElement native = await _server.AskJsonAsync("/api/rerank", Body);
        Assert.Equal(answer.GetProperty("results").GetRawText(), native.GetProperty("results").GetRawText());
        Assert.Equal(answer.GetProperty("usage").GetProperty("total_tokens").GetInt32(), native.GetProperty("prompt_eval_count").GetInt32());
        Assert.Equal(
            (400, "the input length exceeds the context length: 9 tokens, 5 fit"),
            await _server.AskErrorAsync("/api/rerank", """{"model":"all-minilm","query":"What is the capital of France?","documents":["a"],"truncate":false,"options":{"num_ctx":5}}"""));
    }

    [Fact]
    public async Task AModelWithAHeadRanksAndDoesNothingElse()
    {
        JsonElement answer = await _server.AskJsonAsync("/v1/rerank", """{"model":"ranker","query":"q","documents":["a","bb","c"]}""");
        Assert.Equal("yes-no", answer.GetProperty("method").GetString());
        float[] scores = [.. answer.GetProperty("results").EnumerateArray().Select(result => result.GetProperty("relevance_score").GetSingle())];
        Assert.All(scores, score => Assert.InRange(score, 0, 1));
        Assert.Equal(scores.OrderDescending(), scores);
        Assert.Equal("""["rerank"]""", (await _server.AskJsonAsync("/api/show", """{"model":"ranker"}""")).GetProperty("capabilities").GetRawText());
        Assert.Equal((400, "This model does not support embeddings: it scores pairs of texts."), await _server.AskErrorAsync("/api/embed", """{"model":"ranker","input":"a"}"""));
        Assert.Equal((400, "This model does not support embeddings: it scores pairs of texts."), await _server.AskErrorAsync("/v1/rerank", """{"model":"ranker","query":"q","documents":["a"],"method":"similarity"}"""));
        Assert.Equal(400, (await _server.AskErrorAsync("/api/chat", """{"model":"ranker","messages":[{"role":"user","content":"a"}]}""")).Status);
    }

    /// <summary>A small model with a head of one row, as a Qwen3 for sequence classification.</summary>
    private string WriteRanker()
    {
        using GgufFile file = GgufFile.Open(RepoPaths.Vector("models", "qwen3-q8_0.gguf"));
        GgufWriter writer = GgufWriter.From(file);
        float[] row = [.. Enumerable.Range(0, 256).Select(i => MathF.Sin(i))];
        writer.AddTensor("cls.output.weight", GgmlType.F32, [row.Length], MemoryMarshal.AsBytes<float>(row));
        string path = Path.Combine(_folder.FullName, "ranker.gguf");
        writer.Write(path);
        return path;
    }
}
