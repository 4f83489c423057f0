using System.Text.Json;
using LocalLlm.Engine.Tests.Conversion;
using LocalLlm.Gguf;
using LocalLlm.Kernels;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Models;

/// <summary>
/// Converted checkpoints against Hugging Face transformers in float32 (tests/Vectors/hf): three architectures, RoPE scaling (Llama 3 and YaRN), tied and
/// separate heads, weights in BF16, F16 and F32.
/// </summary>
public sealed class HuggingFaceModelTests(ConvertedModels models) : IClassFixture<ConvertedModels>
{
    private static readonly string[] s_names = ["llama3", "yarn", "qwen2", "qwen3-tied", "qwen3-sharded"];

    public static TheoryData<string, SimdLevel, int, KvType, double> Cases
    {
        get
        {
            var data = new TheoryData<string, SimdLevel, int, KvType, double>();
            foreach (string name in s_names)
            {
                foreach (SimdLevel level in Engines.Levels)
                {
                    data.Add(name, level, 1, KvType.F32, 1e-3);
                    data.Add(name, level, 2, KvType.F32, 1e-3);
                    data.Add(name, level, 2, KvType.F16, 0.03);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void LogitsAndGreedyTokensAgree(string name, SimdLevel level, int threads, KvType cache, double tolerance) =>
        Check(name, models.Path(name), new ModelOptions { Simd = level, Threads = threads, KeyValueType = cache }, tolerance);

    [Theory]
    [InlineData("llama3", GgmlType.F32, 1e-3)]
    [InlineData("yarn", GgmlType.F16, 1e-3)]
    [InlineData("qwen2", GgmlType.F32, 1e-3)]
    [InlineData("qwen3-sharded", GgmlType.F16, 0.01)]
    public void OtherFormatsOfTheWeightsAgree(string name, GgmlType type, double tolerance) =>
        Check(name, models.Path(name, type), new ModelOptions { Threads = 2, KeyValueType = KvType.F32 }, tolerance);

    [Theory]
    [InlineData("qwen3-sharded", 0.08)]
    [InlineData("qwen2", 0.07)]
    public void WeightsRoundedToBf16StayNear(string name, double tolerance)
    {
        // Rounding the weights moves the logits by up to 0.065 and 0.054, which may turn greedy tokens whose margins are smaller.
        var options = new ModelOptions { Threads = 2, KeyValueType = KvType.F32 };
        using LanguageModel model = LanguageModel.Load(models.Path(name, GgmlType.BF16), options);
        foreach (JsonElement test in Tests(name))
        {
            Assert.InRange(Agreement.MaxError(Engines.ReadFloats(RepoPaths.Vector("hf", name, test.GetProperty("logits").GetString()!)), Engines.LastLogits(model, Ids(test, "ids"))), 0, tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Engines.LevelsAndThreads), MemberType = typeof(Engines))]
    public void EmbeddingsAgree(SimdLevel level, int threads)
    {
        const string Name = "qwen3-embedding";
        var options = new ModelOptions { Simd = level, Threads = threads, KeyValueType = KvType.F32 };
        using LanguageModel model = LanguageModel.Load(models.Path(Name), options);
        foreach (JsonElement test in Tests(Name))
        {
            int[] tokens = Ids(test, "ids");
            Assert.Equal(tokens, model.Tokenizer.Encode(test.GetProperty("text").GetString()!, addSpecial: true, parseSpecial: true));
            float[] expected = Engines.ReadFloats(RepoPaths.Vector("hf", Name, test.GetProperty("embedding").GetString()!));
            Assert.InRange(Agreement.MaxError(expected, model.ComputeEmbedding(tokens)), 0, 1e-5);
        }
    }

    private static void Check(string name, string path, ModelOptions options, double tolerance)
    {
        using LanguageModel model = LanguageModel.Load(path, options);
        foreach (JsonElement test in Tests(name))
        {
            int[] tokens = Ids(test, "ids");
            Assert.Equal(tokens, model.Tokenizer.Encode(test.GetProperty("text").GetString()!, addSpecial: true, parseSpecial: true));
            float[] expected = Engines.ReadFloats(RepoPaths.Vector("hf", name, test.GetProperty("logits").GetString()!));
            float[] actual = Engines.LastLogits(model, tokens);
            Assert.InRange(Agreement.MaxError(expected, actual), 0, tolerance);
            Assert.Equal(test.GetProperty("top_ids")[0].GetInt32(), Agreement.Top(actual));

            int[] greedy = Ids(test, "greedy16");
            Assert.Equal(greedy, Engines.Greedy(model, tokens, greedy.Length));
        }
    }

    private static JsonElement[] Tests(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("hf", name, "expected.json")));
        return [.. document.RootElement.Clone().GetProperty("cases").EnumerateArray()];
    }

    private static int[] Ids(JsonElement test, string name) => [.. test.GetProperty(name).EnumerateArray().Select(token => token.GetInt32())];
}
