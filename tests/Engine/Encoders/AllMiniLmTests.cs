using System.Text.Json;
using LocalLlm.Engine.Tests.Models;
using LocalLlm.Kernels;
using LocalLlm.Tests;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace LocalLlm.Engine.Tests.Encoders;

/// <summary>The published all-MiniLM-L6-v2 against the embeddings of transformers' BertModel in float32 (tests/Vectors/models-real).</summary>
public sealed class AllMiniLmTests(ITestOutputHelper output)
{
    private static readonly JsonElement s_expected = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("models-real", "all-minilm.json"))).RootElement;

    /// <summary>Files of the model on this machine: the bundled one, and the one that <c>LOCALLLM_ALL_MINILM</c> names.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. new[] { Path.Combine(RepoPaths.Root, "models", "all-MiniLM-L6-v2.Q8_0.gguf"), Environment.GetEnvironmentVariable("LOCALLLM_ALL_MINILM") ?? "" }.Where(File.Exists)];

    public static TheoryData<string, SimdLevel, ActivationType> Cases
    {
        get
        {
            TheoryData<string, SimdLevel, ActivationType> data = [];
            foreach (string file in Files)
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

    [AllMiniLmTheory]
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

/// <summary>A theory about all-MiniLM-L6-v2. Where no file of it is at hand there is no such test, neither passed nor skipped.</summary>
[XunitTestCaseDiscoverer("LocalLlm.Engine.Tests.Encoders.AllMiniLmTheoryDiscoverer", "LocalLlm.Engine.Tests")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class AllMiniLmTheoryAttribute : TheoryAttribute;

/// <summary>Finds the cases of an <see cref="AllMiniLmTheoryAttribute"/>.</summary>
public sealed class AllMiniLmTheoryDiscoverer(IMessageSink diagnosticMessageSink) : TheoryDiscoverer(diagnosticMessageSink)
{
    public override IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute) =>
        AllMiniLmTests.Files.Count == 0 ? [] : base.Discover(discoveryOptions, testMethod, theoryAttribute);
}
