using System.Text.Json;
using LocalLlm.Engine.Tests.Models;
using LocalLlm.Kernels;
using LocalLlm.Tests;
using Xunit.Abstractions;

namespace LocalLlm.Engine.Tests.Encoders;

/// <summary>The published all-MiniLM-L6-v2 against the embeddings of transformers' BertModel in float32 (tests/Vectors/models-real).</summary>
public sealed class AllMiniLmTests(ITestOutputHelper output)
{
    private static readonly JsonElement s_expected = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("models-real", "all-minilm.json"))).RootElement;

    /// <summary>The bundled file, and another of the same model if <c>LOCALLLM_ALL_MINILM</c> names one, such as the F16 file that it was made from.</summary>
    private static readonly string[] s_files =
        [.. new[] { Path.Combine(RepoPaths.Root, "models", "all-MiniLM-L6-v2.Q8_0.gguf"), Environment.GetEnvironmentVariable("LOCALLLM_ALL_MINILM") ?? "" }.Where(path => path.Length > 0)];

    public static TheoryData<string, SimdLevel, ActivationType> Cases
    {
        get
        {
            TheoryData<string, SimdLevel, ActivationType> data = [];
            foreach (string file in s_files)
            {
                foreach (SimdLevel level in Engines.Levels)
                {
                    data.Add(file, level, ActivationType.Q8);
                    data.Add(file, level, ActivationType.F32);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task EmbeddingsAreThoseOfTheReference(string file, SimdLevel level, ActivationType activations)
    {
        JsonElement[] cases = [.. s_expected.GetProperty("cases").EnumerateArray()];
        await using ITextEngine engine = TextEngines.Open(file, new ModelOptions { Simd = level, Threads = 2, Activations = activations });
        EmbeddingResult result = await engine.EmbedAsync(new EmbeddingRequest { Inputs = [.. cases.Select(one => one.GetProperty("text").GetString()!)] });
        double worst = cases.Select((one, i) => Agreement.Cosine([.. one.GetProperty("embedding").EnumerateArray().Select(v => v.GetSingle())], result.Vectors[i])).Min();
        output.WriteLine($"{engine.Description.Quantization} {SimdLevels.Name(level)} {activations}: least cosine {worst:F9}");
        Assert.InRange(worst, engine.Description.Quantization == "F16" ? 0.99999 : 0.999, 1.0000001);
        Assert.Equal(cases.Sum(one => one.GetProperty("ids").GetArrayLength()), result.PromptTokens);
    }
}
