using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Engine.Adapters;
using LocalLlm.Engine.Tests.Conversion;
using LocalLlm.Engine.Tests.Models;
using LocalLlm.Gguf;
using LocalLlm.Kernels;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Adapters;

/// <summary>Adapters of any form and scale as GGUF files that need none.</summary>
public sealed class AdapterFileTests(ConvertedModels models) : IClassFixture<ConvertedModels>
{
    [Theory]
    [InlineData("qwen3-tied", 12)]
    [InlineData("llama3", 8)] // whose rows stand in another order in GGUF
    public void APeftFolderBecomesWhatLlamaCppsConverterMakes(string name, int tensors)
    {
        using GgufFile expected = GgufFile.Open(Original(name, "adapter.gguf"));
        using GgufFile actual = GgufFile.Open(Convert(name, new AdapterOptions(Original(name, ""))));
        foreach (string key in (string[])["general.architecture", "general.type", "adapter.type"])
        {
            Assert.Equal(expected.Metadata.GetString(key), actual.Metadata.GetString(key));
        }
        Assert.Equal(expected.Metadata.GetSingle("adapter.lora.alpha"), actual.Metadata.GetSingle("adapter.lora.alpha"));
        Assert.Equal(tensors, actual.Tensors.Count);
        foreach (GgufTensor tensor in expected.Tensors)
        {
            GgufTensor same = actual.Get(tensor.Name);
            Assert.Equal(tensor.Dimensions, same.Dimensions);
            Assert.True(Bytes(tensor).SequenceEqual(Bytes(same)), tensor.Name);
        }
    }

    [Theory]
    [InlineData("adapter.gguf", 0.5f)]
    [InlineData("adapter.gguf", -2f)]
    [InlineData("adapter.gguf", 0f)]
    [InlineData("", 0.5f)]
    [InlineData("", 0f)]
    public void TheScaleIsInTheFile(string form, float scale)
    {
        const string Name = "qwen3-tied";
        AdapterOptions adapter = new(Original(Name, form), scale);
        string path = Convert(Name, adapter);
        float[] expected = Logits(Name, adapter), actual = Logits(Name, new AdapterOptions(path));
        Assert.InRange(Agreement.MaxError(expected, actual), 0, 1e-4);
        Assert.Equal(AdapterFile.MemoryBytes(adapter.Path), AdapterFile.MemoryBytes(path));
    }

    [Fact]
    public void ModulesWithScalesOfTheirOwnKeepThem()
    {
        const string Name = "qwen3-tied";
        using CheckpointCopy copy = new($"{Name}-lora");
        copy.Edit("adapter_config.json", json => json["alpha_pattern"] = JsonNode.Parse("""{"v_proj":3,"down_proj":40}"""));
        AdapterOptions adapter = new(copy.Directory, 0.75f);
        float[] expected = Logits(Name, adapter), actual = Logits(Name, new AdapterOptions(Convert(Name, adapter)));
        Assert.InRange(Agreement.MaxError(expected, actual), 0, 1e-4);
        Assert.InRange(Agreement.MaxError(expected, Logits(Name, new AdapterOptions(Original(Name, "")))), 1, 100); // it is another one indeed
    }

    [Fact]
    public void AnAdapterForAnotherModelIsRefusedBeforeAnythingIsWritten()
    {
        using GgufFile model = GgufFile.Open(models.Path("qwen3-tied"));
        AdapterOptions other = new(Original("llama3", "adapter.gguf"), 0.5f);
        string path = Path.Combine(Path.GetDirectoryName(models.Path("qwen3-tied"))!, "never.gguf");
        Assert.Throws<TextEngineException>(() => AdapterFile.Check(other, model));
        Assert.Throws<TextEngineException>(() => AdapterFile.Convert(other, model, path));
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task ThePlanCountsWhatAdaptersTake()
    {
        string path = Original("qwen3-tied", "adapter.gguf");
        ModelOptions options = new() { Threads = 1, ContextLength = 64, CacheBytes = 1 << 20 };
        await using TextEngine plain = new(LanguageModel.Load(models.Path("qwen3-tied"), options));
        await using TextEngine adapted = new(LanguageModel.Load(models.Path("qwen3-tied"), options with { Adapters = [new AdapterOptions(path)] }));
        Assert.InRange(AdapterFile.MemoryBytes(path), 100_000, 132_192);
        Assert.Equal(plain.Description.MemoryBytes + AdapterFile.MemoryBytes(path), adapted.Description.MemoryBytes);
    }

    private string Convert(string name, AdapterOptions adapter)
    {
        string path = Path.Combine(Path.GetDirectoryName(models.Path(name))!, $"{Path.GetRandomFileName()}.gguf");
        using GgufFile model = GgufFile.Open(models.Path(name));
        AdapterFile.Convert(adapter, model, path);
        return path;
    }

    private float[] Logits(string name, AdapterOptions adapter)
    {
        using LanguageModel model = LanguageModel.Load(models.Path(name), new ModelOptions { Threads = 2, KeyValueType = KvType.F32, Adapters = [adapter] });
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("hf", $"{name}-lora", "expected.json")));
        int[] tokens = [.. document.RootElement.GetProperty("cases")[0].GetProperty("ids").EnumerateArray().Select(token => token.GetInt32())];
        return Engines.LastLogits(model, tokens);
    }

    private static string Original(string name, string form) => Path.TrimEndingDirectorySeparator(RepoPaths.Vector("hf", $"{name}-lora", form));

    private static unsafe ReadOnlySpan<byte> Bytes(GgufTensor tensor) => new(tensor.Data, (int)tensor.ByteLength);
}
