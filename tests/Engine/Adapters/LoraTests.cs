using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Engine.Generation;
using LocalLlm.Engine.Tests.Conversion;
using LocalLlm.Engine.Tests.Models;
using LocalLlm.Kernels;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Adapters;

/// <summary>LoRA adapters, in GGUF and as peft writes them, against peft itself in float32 (tests/Vectors/hf).</summary>
public sealed class LoraTests(ConvertedModels models) : IClassFixture<ConvertedModels>
{
    public static TheoryData<string, string, SimdLevel, int> Cases
    {
        get
        {
            var data = new TheoryData<string, string, SimdLevel, int>();
            foreach (string name in new[] { "qwen3-tied", "llama3" })
            {
                foreach (string form in new[] { "adapter.gguf", "" })
                {
                    foreach (SimdLevel level in Engines.Levels)
                    {
                        data.Add(name, form, level, 1 + (data.Count % 2));
                    }
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void LogitsAndGreedyTokensAgree(string name, string form, SimdLevel level, int threads)
    {
        using LanguageModel model = Load(name, new AdapterOptions(Adapter(name, form)), level, threads);
        foreach (JsonElement test in Tests(name))
        {
            int[] tokens = Ids(test, "ids");
            float[] expected = Logits(name, test);
            float[] actual = Engines.LastLogits(model, tokens);
            Assert.InRange(Agreement.MaxError(expected, actual), 0, 1e-3);
            int[] greedy = Ids(test, "greedy16");
            Assert.Equal(greedy, Engines.Greedy(model, tokens, greedy.Length));
        }
    }

    [Theory]
    [InlineData("qwen3-tied")]
    [InlineData("llama3")]
    public void BothFormsAreTheSameAdapter(string name)
    {
        int[] tokens = Ids(Tests(name)[0], "ids");
        using LanguageModel gguf = Load(name, new AdapterOptions(Adapter(name, "adapter.gguf")));
        using LanguageModel peft = Load(name, new AdapterOptions(Adapter(name, "")));
        Assert.Equal(Engines.LastLogits(gguf, tokens), Engines.LastLogits(peft, tokens));
    }

    [Fact]
    public void ScalesAddUp()
    {
        const string Name = "qwen3-tied";
        JsonElement test = Tests(Name)[0];
        int[] tokens = Ids(test, "ids");
        string path = Adapter(Name, "adapter.gguf");

        // Three quarters and a quarter of an adapter are the whole.
        using (LanguageModel both = Load(Name, new AdapterOptions(path, 0.75f), new AdapterOptions(Adapter(Name, ""), 0.25f)))
        {
            Assert.InRange(Agreement.MaxError(Logits(Name, test), Engines.LastLogits(both, tokens)), 0, 1e-3);
        }
        using LanguageModel plain = Load(Name);
        float[] without = Engines.LastLogits(plain, tokens);
        Assert.InRange(Agreement.MaxError(Logits(Name, test), without), 5, 20);
        using LanguageModel nothing = Load(Name, new AdapterOptions(path, 0));
        Assert.Equal(without, Engines.LastLogits(nothing, tokens));
    }

    [Theory]
    [InlineData("alpha_pattern", "{\"q_proj\":8,\"self_attn.v_proj\":8,\"down_proj\":8}", 2f)] // half the alpha, twice the scale
    [InlineData("lora_alpha", "5.656854249492381", 1f)]                                          // 16 / sqrt(8)
    public void ModulesAndRanksHaveScalesOfTheirOwn(string property, string value, float scale)
    {
        const string Name = "qwen3-tied";
        JsonElement test = Tests(Name)[0];
        using CheckpointCopy copy = new($"{Name}-lora");
        copy.Edit("adapter_config.json", json => json[property] = JsonNode.Parse(value));
        copy.Edit("adapter_config.json", json => json["use_rslora"] = property == "lora_alpha");
        using LanguageModel model = Load(Name, new AdapterOptions(copy.Directory, scale));
        Assert.InRange(Agreement.MaxError(Logits(Name, test), Engines.LastLogits(model, Ids(test, "ids"))), 0, 1e-3);
    }

    [Theory]
    [MemberData(nameof(Engines.LevelsAndThreads), MemberType = typeof(Engines))]
    public void ATokenGetsTheSameBitsInAnyBatch(SimdLevel level, int threads)
    {
        const string Name = "qwen3-tied";
        int[] tokens = Ids(Tests(Name)[0], "ids");
        using LanguageModel model = Load(Name, new AdapterOptions(Adapter(Name, "")), level, threads);
        List<float[]> together = [];
        model.ComputeLogits(tokens, all: true, row => together.Add(row.ToArray()));
        using SequenceDecoder decoder = model.CreateDecoder(tokens.Length);
        for (int i = 0; i < tokens.Length; i++)
        {
            Assert.Equal(together[i], decoder.Evaluate([tokens[i]], default).ToArray());
        }
    }

    private LanguageModel Load(string name, params AdapterOptions[] adapters) => LanguageModel.Load(
        models.Path(name), new ModelOptions { Threads = 2, KeyValueType = KvType.F32, Adapters = adapters });

    private LanguageModel Load(string name, AdapterOptions adapter, SimdLevel level, int threads) => LanguageModel.Load(
        models.Path(name), new ModelOptions { Simd = level, Threads = threads, KeyValueType = KvType.F32, Adapters = [adapter] });

    private static string Adapter(string name, string form) => Path.TrimEndingDirectorySeparator(RepoPaths.Vector("hf", $"{name}-lora", form));

    private static float[] Logits(string name, JsonElement test) => Engines.ReadFloats(RepoPaths.Vector("hf", $"{name}-lora", test.GetProperty("logits").GetString()!));

    private static JsonElement[] Tests(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("hf", $"{name}-lora", "expected.json")));
        return [.. document.RootElement.Clone().GetProperty("cases").EnumerateArray()];
    }

    private static int[] Ids(JsonElement test, string name) => [.. test.GetProperty(name).EnumerateArray().Select(token => token.GetInt32())];
}
