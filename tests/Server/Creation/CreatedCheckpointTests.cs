using System.Runtime.InteropServices;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Engine.Conversion;
using LocalLlm.Server.Store;
using LocalLlm.Server.Tests.Cli;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Creation;

/// <summary>
/// Each checkpoint and adapter of tests/Vectors/hf through <c>create</c> and <c>logits</c>, against Hugging Face's own numbers in float32: logits at most 1e-3
/// off, the same greedy tokens, embeddings at most 1e-5 off.
/// </summary>
public sealed class CreatedCheckpointTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-created-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("qwen3-tied", "BF16")]
    [InlineData("qwen3-sharded", "F32")]
    [InlineData("qwen2", "F16")]
    [InlineData("llama3", "BF16")]
    [InlineData("yarn", "BF16")]
    public async Task ACheckpointGivesItsLogits(string name, string format)
    {
        await using StoreServer server = await StoreServer.StartAsync();
        await CreateAsync(server, $"{name}:Converted", $"FROM {RepoPaths.Vector("hf", name)}");
        RequireConverted(server, name);
        Assert.Equal(format, server.ConfigOf($"{name}:converted").FileType);
        await CheckAsync(server, $"{name}:converted", name);
    }

    [Fact]
    public async Task AnEmbeddingCheckpointGivesItsVectors()
    {
        const string Name = "qwen3-embedding";
        await using StoreServer server = await StoreServer.StartAsync();
        await CreateAsync(server, $"{Name}:converted", $"FROM {RepoPaths.Vector("hf", Name)}");
        RequireConverted(server, Name);
        using LanguageModel model = LanguageModel.Load(server.ModelPath($"{Name}:converted"), new ModelOptions { Threads = 1, KeyValueType = Kernels.KvType.F32 });
        JsonElement[] cases = CasesOf(Name);
        Assert.Equal(6, cases.Length);
        foreach (JsonElement test in cases)
        {
            float[] expected = Floats(RepoPaths.Vector("hf", Name, test.GetProperty("embedding").GetString()!));
            Assert.All(expected.Zip(model.ComputeEmbedding(Ids(test, "ids"))), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        }
    }

    [Theory]
    [InlineData("qwen3-tied", "adapter.gguf")]
    [InlineData("qwen3-tied", "")]
    [InlineData("llama3", "adapter.gguf")]
    [InlineData("llama3", "")]
    public async Task AnAdapterGivesItsLogits(string name, string form)
    {
        await using StoreServer server = await StoreServer.StartAsync();
        string adapter = RepoPaths.Vector("hf", $"{name}-lora", form);
        await CreateAsync(server, "adapted", $"FROM {RepoPaths.Vector("hf", name)}\nADAPTER {adapter}");
        await CheckAsync(server, "adapted", $"{name}-lora");
    }

    [Theory]
    [InlineData("ADAPTER {0}/adapter.gguf 0.75\nADAPTER {0} 0.25")] // three quarters and a quarter are the whole
    [InlineData("ADAPTER {0} 0.5\nADAPTER {0}/adapter.gguf 0.5")]
    public async Task ScalesOfSeveralAdaptersAddUp(string lines)
    {
        await using StoreServer server = await StoreServer.StartAsync();
        await CreateAsync(server, "base", $"FROM {RepoPaths.Vector("hf", "qwen3-tied")}");
        await CreateAsync(server, "adapted", "FROM base\n" + string.Format(null, lines, RepoPaths.Vector("hf", "qwen3-tied-lora", "")));
        Assert.Equal(server.ModelPath("base"), server.ModelPath("adapted"));
        await CheckAsync(server, "adapted", "qwen3-tied-lora");

        // What is shown makes it again, and what is built upon it has its adapters.
        string modelfile = (await server.ShowAsync("adapted")).GetProperty("modelfile").GetString()!;
        Assert.Equal(2, modelfile.Split("\nADAPTER ").Length - 1);
        await CreateAsync(server, "again", modelfile);
        await CreateAsync(server, "upon", "FROM adapted\nSYSTEM x");
        await CheckAsync(server, "again", "qwen3-tied-lora");
        Assert.Equal(AdaptersOf(server, "adapted"), AdaptersOf(server, "again"));
        Assert.Equal(AdaptersOf(server, "adapted"), AdaptersOf(server, "upon"));
    }

    [Fact]
    public async Task ModelsWithExpertsAreRefused()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder.FullName, "moe")).FullName;
        File.Copy(RepoPaths.Vector("hf", "qwen3moe", "config.json"), Path.Combine(folder, "config.json"));
        File.Copy(RepoPaths.Vector("hf", "qwen2", "model.safetensors"), Path.Combine(folder, "model.safetensors"));
        await using StoreServer server = await StoreServer.StartAsync();
        CliUnderTest cli = CreateCommandTests.At(server);
        Assert.Equal(1, await cli.RunAsync("create", "x", "-f", Write("FROM ./moe")));
        Assert.Contains("models with experts such as 'Qwen3MoeForCausalLM' cannot be converted", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Path.GetTempPath(), cli.Error.ToString(), StringComparison.Ordinal);
        server.RequireNothingHalfDone();
    }

    private async Task CreateAsync(StoreServer server, string name, string modelfile)
    {
        CliUnderTest cli = CreateCommandTests.At(server);
        Assert.True(await cli.RunAsync("create", name, "-f", Write(modelfile)) == 0, cli.Error.ToString());
    }

    private string Write(string modelfile)
    {
        string path = Path.Combine(_folder.FullName, "Modelfile");
        File.WriteAllText(path, modelfile);
        return path;
    }

    /// <summary>The converter's own bytes, each tensor and key of which its tests compare with llama.cpp's.</summary>
    private static void RequireConverted(StoreServer server, string name)
    {
        using MemoryStream expected = new();
        using (ModelConverter converter = ModelConverter.Open(RepoPaths.Vector("hf", name), new ConversionOptions { Name = name }))
        {
            converter.Write(expected);
        }
        Assert.Equal(expected.ToArray(), File.ReadAllBytes(server.ModelPath($"{name}:converted")));
    }

    /// <summary>All cases of a folder's expected.json: the logits after the prompt, and that each of the greedy tokens is the best after those before it.</summary>
    private async Task CheckAsync(StoreServer server, string model, string folder)
    {
        JsonElement[] cases = CasesOf(folder);
        Assert.Equal(4, cases.Length);
        foreach (JsonElement test in cases)
        {
            int[] prompt = Ids(test, "ids"), greedy = Ids(test, "greedy16");
            float[] expected = Floats(RepoPaths.Vector("hf", folder, test.GetProperty("logits").GetString()!));
            float[] rows = await RowsAsync(server, model, [.. prompt, .. greedy[..^1]]);
            Assert.Equal((prompt.Length + greedy.Length - 1) * expected.Length, rows.Length);
            float[][] last = [.. rows.Chunk(expected.Length).Skip(prompt.Length - 1)];
            Assert.All(expected.Zip(last[0]), pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
            Assert.Equal(greedy, last.Select(row => row.IndexOf(row.Max())));
        }
    }

    private async Task<float[]> RowsAsync(StoreServer server, string model, int[] tokens)
    {
        string output = Path.Combine(_folder.FullName, "rows.f32");
        CliUnderTest cli = new() { Variables = { ["OLLAMA_MODELS"] = server.Store.Root } };
        Assert.Equal(0, await cli.RunAsync("logits", model, "--tokens", string.Join(',', tokens), "--all", "--output", output, "--threads", "1", "--kv", "f32"));
        return Floats(output);
    }

    private static IEnumerable<string> AdaptersOf(StoreServer server, string model) =>
        server.Manifest(model).LayersOf(MediaTypes.Adapter).Select(layer => server.Store.Blobs.PathOf(layer.Blob));

    private static float[] Floats(string path) => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path)).ToArray();

    private static JsonElement[] CasesOf(string folder)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("hf", folder, "expected.json")));
        return [.. document.RootElement.Clone().GetProperty("cases").EnumerateArray()];
    }

    private static int[] Ids(JsonElement test, string name) => [.. test.GetProperty(name).EnumerateArray().Select(token => token.GetInt32())];
}
