using System.Text.Json;
using LocalLlm.Engine.Generation;
using LocalLlm.Kernels;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Models;

/// <summary>
/// The bundled model against a float64 reference (tests/Vectors/models-real): likelihood of a text, the largest logits of eight prompts, and the
/// reference's greedy continuations fed token by token. The scalar level sees the first 64 tokens only: more would take minutes.
/// </summary>
public sealed class SmolLm2Tests
{
    private const int ScalarTokens = 64;
    private static readonly JsonElement s_expected = Read();

    [Theory]
    [MemberData(nameof(Engines.LevelsAndThreads), MemberType = typeof(Engines))]
    public void LikelihoodOfATextAgrees(SimdLevel level, int threads)
    {
        using LanguageModel model = Load(new ModelOptions { Simd = level, Threads = threads });
        (double mean, double rms) = LikelihoodErrors(model, level);
        Assert.InRange(Math.Abs(mean), 0, 0.012);
        Assert.InRange(rms, 0, 0.09);
    }

    [Fact]
    public void EveryLevelGivesTheSameBits()
    {
        int[] tokens = Ints(s_expected.GetProperty("text").GetProperty("ids"))[..12];
        float[]? expected = null;
        foreach (SimdLevel level in SimdLevels.Supported)
        {
            using LanguageModel model = Load(new ModelOptions { Simd = level, Threads = 2 });
            float[] actual = Engines.LastLogits(model, tokens);
            Assert.Equal(expected ?? actual, actual);
            expected = actual;
        }
    }

    [Theory]
    [MemberData(nameof(Engines.LevelData), MemberType = typeof(Engines))]
    public void GreedyContinuationsAndTopLogitsAgree(SimdLevel level)
    {
        using LanguageModel model = Load(new ModelOptions { Simd = level, Threads = 2 });
        foreach (JsonElement prompt in Prompts(level))
        {
            (double rms, double closestMiss) = PromptErrors(model, prompt, level);
            Assert.InRange(rms, 0, 0.16);
            Assert.InRange(closestMiss, 0, 0.35);
        }
    }

    [Theory]
    [MemberData(nameof(Engines.LevelData), MemberType = typeof(Engines))]
    public void FloatActivationsAndCacheAgreeClosely(SimdLevel level)
    {
        using LanguageModel model = Load(new ModelOptions { Simd = level, Threads = 2, Activations = ActivationType.F32, KeyValueType = KvType.F32 });
        (double mean, double rms) = LikelihoodErrors(model, level);
        Assert.InRange(Math.Abs(mean), 0, 0.0005);
        Assert.InRange(rms, 0, 0.002);
        foreach (JsonElement prompt in Prompts(level))
        {
            (double topRms, double closestMiss) = PromptErrors(model, prompt, level);
            Assert.InRange(topRms, 0, 0.002);
            Assert.Equal(0, closestMiss);
        }
    }

    [Theory]
    [MemberData(nameof(Engines.LevelData), MemberType = typeof(Engines))]
    public void QuantizedCacheAgrees(SimdLevel level)
    {
        // Measured: mean 0.0028, root mean square 0.034, logits 0.085, closest miss 0.079; with F16 they are 0.0001, 0.001, 0.002 and 0.
        using LanguageModel model = Load(new ModelOptions { Simd = level, Threads = 2, Activations = ActivationType.F32, KeyValueType = KvType.Q8_0 });
        (double mean, double rms) = LikelihoodErrors(model, level);
        Assert.InRange(Math.Abs(mean), 0, 0.006);
        Assert.InRange(rms, 0, 0.05);
        foreach (JsonElement prompt in Prompts(level))
        {
            (double topRms, double closestMiss) = PromptErrors(model, prompt, level);
            Assert.InRange(topRms, 0, 0.12);
            Assert.InRange(closestMiss, 0, 0.2);
        }
    }

    private static LanguageModel Load(ModelOptions options) => LanguageModel.Load(Engines.SmolLm2, options);

    /// <summary>Mean and root mean square of (our negative log-likelihood - the reference's) over the text's tokens.</summary>
    private static (double Mean, double Rms) LikelihoodErrors(LanguageModel model, SimdLevel level)
    {
        JsonElement text = s_expected.GetProperty("text");
        int[] tokens = Ints(text.GetProperty("ids"));
        double[] expected = [.. text.GetProperty("nll").EnumerateArray().Select(value => value.GetDouble())];
        if (level == SimdLevel.Scalar)
        {
            tokens = tokens[..ScalarTokens];
        }
        var errors = new List<double>();
        model.ComputeLogits(tokens, all: true, logits =>
        {
            int at = errors.Count;
            errors.Add(at + 1 < tokens.Length ? -Agreement.LogSoftmax(logits)[tokens[at + 1]] - expected[at] : 0);
        });
        errors.RemoveAt(errors.Count - 1);
        return (errors.Average(), Math.Sqrt(errors.Average(error => error * error)));
    }

    /// <summary>
    /// Root mean square of the differences of the 20 largest logits, each list centred; and the reference's largest margin among the places
    /// where our likeliest token is another one (0 if there is none).
    /// </summary>
    private static (double Rms, double ClosestMiss) PromptErrors(LanguageModel model, JsonElement prompt, SimdLevel level)
    {
        int[] ids = Ints(prompt.GetProperty("ids")), greedy = Ints(prompt.GetProperty("greedy"));
        double[] margins = [.. prompt.GetProperty("margins").EnumerateArray().Select(value => value.GetDouble())];
        using SequenceDecoder decoder = model.CreateDecoder(ids.Length + greedy.Length);
        Span<float> logits = decoder.Evaluate(ids, default);
        double rms = CentredRms(prompt.GetProperty("top20"), logits);
        double miss = 0;
        int steps = level == SimdLevel.Scalar ? Math.Min(greedy.Length, 4) : greedy.Length;
        for (int i = 0; i < steps; i++)
        {
            miss = Agreement.Top(logits) == greedy[i] ? miss : Math.Max(miss, margins[i]);
            logits = decoder.Evaluate([greedy[i]], default);
        }
        return (rms, miss);
    }

    private static double CentredRms(JsonElement top, ReadOnlySpan<float> logits)
    {
        var expected = new List<double>();
        var actual = new List<double>();
        foreach (JsonElement pair in top.EnumerateArray())
        {
            expected.Add(pair[1].GetDouble());
            actual.Add(logits[pair[0].GetInt32()]);
        }
        double shift = actual.Average() - expected.Average();
        return Math.Sqrt(expected.Zip(actual, (e, a) => (a - e - shift) * (a - e - shift)).Average());
    }

    private static IEnumerable<JsonElement> Prompts(SimdLevel level) =>
        s_expected.GetProperty("prompts").EnumerateArray().Take(level == SimdLevel.Scalar ? 1 : int.MaxValue);

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetInt32())];

    private static JsonElement Read()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("models-real", "smollm2-135m.json")));
        return document.RootElement.Clone();
    }
}
