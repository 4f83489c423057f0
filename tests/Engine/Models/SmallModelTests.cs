using System.Text.Json;
using LocalLlm.Kernels;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Models;

/// <summary>Seven small random models against a float64 reference that quantizes no activations (tests/Vectors/models).</summary>
public sealed class SmallModelTests
{
    public static TheoryData<string, SimdLevel, int> Cases
    {
        get
        {
            var data = new TheoryData<string, SimdLevel, int>();
            foreach (JsonElement model in Index())
            {
                foreach (SimdLevel level in Engines.Levels)
                {
                    data.Add(model.GetProperty("file").GetString()!, level, 1);
                    data.Add(model.GetProperty("file").GetString()!, level, 2);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AgreesWithTheReference(string file, SimdLevel level, int threads)
    {
        JsonElement entry = Index().Single(model => model.GetProperty("file").GetString() == file);
        bool exactWeights = entry.GetProperty("args").GetProperty("quant").GetString() == "F16";
        using LanguageModel model = LanguageModel.Load(RepoPaths.Vector("models", file), new ModelOptions { Simd = level, Threads = threads });
        foreach (JsonElement test in entry.GetProperty("cases").EnumerateArray())
        {
            int[] tokens = [.. test.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32())];
            if (test.TryGetProperty("embedding", out JsonElement vector))
            {
                float[] embedding = model.ComputeEmbedding(tokens);
                Assert.InRange(Agreement.Cosine(Engines.ReadFloats(RepoPaths.Vector("models", vector.GetString()!)), embedding), 0.9995, 1.000001);
                continue;
            }
            float[] expected = Engines.ReadFloats(RepoPaths.Vector("models", test.GetProperty("logits").GetString()!));
            float[] actual = Engines.LastLogits(model, tokens);
            if (exactWeights)
            {
                Assert.InRange(Agreement.MaxError(expected, actual), 0, 0.02);
            }
            Assert.InRange(Agreement.Divergence(expected, actual), -1e-9, 5e-3);
            Assert.InRange(Agreement.Cosine(expected, actual), 0.9995, 1.000001);
            if (test.GetProperty("top1_margin").GetDouble() > 0.25)
            {
                Assert.Equal(test.GetProperty("top1").GetInt32(), Agreement.Top(actual));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Engines.LevelData), MemberType = typeof(Engines))]
    public void FloatActivationsAndCacheAgreeClosely(SimdLevel level)
    {
        foreach (JsonElement entry in Index().Where(model => model.GetProperty("cases")[0].TryGetProperty("logits", out _)))
        {
            var options = new ModelOptions { Simd = level, Threads = 2, Activations = ActivationType.F32, KeyValueType = KvType.F32 };
            using LanguageModel model = LanguageModel.Load(RepoPaths.Vector("models", entry.GetProperty("file").GetString()!), options);
            foreach (JsonElement test in entry.GetProperty("cases").EnumerateArray())
            {
                int[] tokens = [.. test.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32())];
                float[] expected = Engines.ReadFloats(RepoPaths.Vector("models", test.GetProperty("logits").GetString()!));
                Assert.InRange(Agreement.MaxError(expected, Engines.LastLogits(model, tokens)), 0, 1e-3);
            }
        }
    }

    private static List<JsonElement> Index()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("models", "index.json")));
        return [.. document.RootElement.Clone().EnumerateArray()];
    }
}
