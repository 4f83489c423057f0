using LocalLlm.Engine.Sampling;

namespace LocalLlm.Engine.Tests.Sampling;

/// <summary>Each option alone, and several together, against the exact probabilities of <see cref="SamplerOracle"/>.</summary>
public class SamplerDistributionTests
{
    private const int Vocabulary = 60;
    private const int Draws = 20_000;
    private static readonly SamplingOptions Off = new() { Temperature = 1, TopK = 0, TopP = 1, Seed = 7 };
    private static readonly int[] History = [3, 5, 5, 8, 3, 3, 1, 0, 59];

    public static TheoryData<string, SamplingOptions> Cases => new()
    {
        { "plain", Off },
        { "temperature 0.5", Off with { Temperature = 0.5f } },
        { "temperature 2.5", Off with { Temperature = 2.5f } },
        { "top_k 1", Off with { TopK = 1 } },
        { "top_k 7", Off with { TopK = 7 } },
        { "top_k all", Off with { TopK = Vocabulary } },
        { "top_k beyond all", Off with { TopK = 100_000 } },
        { "top_p 0", Off with { TopP = 0 } },
        { "top_p 0.5", Off with { TopP = 0.5f } },
        { "top_p 0.9", Off with { TopP = 0.9f } },
        { "min_p 0.1", Off with { MinP = 0.1f } },
        { "min_p 1", Off with { MinP = 1 } },
        { "typical_p 0", Off with { TypicalP = 0 } },
        { "typical_p 0.4", Off with { TypicalP = 0.4f } },
        { "typical_p 0.9", Off with { TypicalP = 0.9f } },
        { "repeat_penalty 1.5", Off with { RepeatPenalty = 1.5f } },
        { "repeat_penalty 0.7", Off with { RepeatPenalty = 0.7f } },
        { "repeat_last_n 2", Off with { RepeatPenalty = 3, RepeatLastN = 2 } },
        { "repeat_last_n 0", Off with { RepeatPenalty = 3, RepeatLastN = 0 } },
        { "repeat_last_n -1", Off with { RepeatPenalty = 3, RepeatLastN = -1 } },
        { "presence_penalty 1.2", Off with { PresencePenalty = 1.2f } },
        { "frequency_penalty 0.8", Off with { FrequencyPenalty = 0.8f } },
        { "frequency_penalty -0.8", Off with { FrequencyPenalty = -0.8f } },
        { "logit_bias", Off with { LogitBias = new Dictionary<int, float> { [4] = 3, [9] = -2, [11] = float.NegativeInfinity } } },
        { "Ollama's defaults", new SamplingOptions { Seed = 11 } },
        { "all together", new SamplingOptions { Seed = 12, Temperature = 0.7f, TopK = 30, TypicalP = 0.95f, TopP = 0.85f, MinP = 0.02f, RepeatPenalty = 1.2f, PresencePenalty = 0.3f, FrequencyPenalty = 0.2f, LogitBias = new Dictionary<int, float> { [2] = 1 } } },
        { "all but top_k", new SamplingOptions { Seed = 13, Temperature = 1.3f, TopK = 0, TypicalP = 0.9f, TopP = 0.9f, MinP = 0.01f, RepeatPenalty = 1.1f, RepeatLastN = -1 } },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void DrawsWithTheExactProbabilities(string name, SamplingOptions options)
    {
        float[] logits = Logits(seed: name.Length);
        Dictionary<int, double> expected = SamplerOracle.Distribution(logits, options, History);
        Sampler sampler = new(options, Vocabulary);
        foreach (int token in History)
        {
            sampler.Accept(token);
        }

        int[] counts = new int[Vocabulary];
        for (int i = 0; i < Draws; i++)
        {
            counts[sampler.Sample([.. logits])]++;
        }
        Assert.All(Enumerable.Range(0, Vocabulary).Where(t => counts[t] > 0), t => Assert.Contains(t, expected.Keys));
        int[] drawable = [.. expected.Keys];
        ChiSquare.AssertFits([.. drawable.Select(t => counts[t])], [.. drawable.Select(t => expected[t])]);
    }

    [Fact]
    public void TheTestSeesAWrongProbability()
    {
        // The same draws against probabilities of a temperature that is 12 % off must fail, or the bound would hold nothing.
        float[] logits = Logits(seed: 1);
        Sampler sampler = new(Off, Vocabulary);
        int[] counts = new int[Vocabulary];
        for (int i = 0; i < Draws; i++)
        {
            counts[sampler.Sample([.. logits])]++;
        }
        Dictionary<int, double> wrong = SamplerOracle.Distribution(logits, Off with { Temperature = 1.12f }, []);
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => ChiSquare.AssertFits(counts, [.. counts.Select((_, t) => wrong.GetValueOrDefault(t))]));
    }

    private static float[] Logits(int seed)
    {
        Random random = new(seed);
        float[] logits = [.. Enumerable.Range(0, Vocabulary).Select(_ => (float)((random.NextDouble() * 7) - 4))];
        logits[20] = logits[21] = float.NegativeInfinity;
        return logits;
    }
}
