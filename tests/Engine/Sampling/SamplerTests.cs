using LocalLlm.Engine.Sampling;

namespace LocalLlm.Engine.Tests.Sampling;

public class SamplerTests
{
    private static readonly SamplingOptions Greedy = new() { Temperature = 0, RepeatLastN = 4 };

    public static TheoryData<SamplingOptions> Kinds => [Greedy, new() { Seed = 1 }, new() { Seed = 1, TopK = 0 }, new() { Seed = 1, TopK = 0, TopP = 1 }];

    [Fact]
    public void GreedyTakesTheFirstOfEquals() =>
        Assert.Equal(2, new Sampler(Greedy, 5).Sample([1, -3, 4, 4, float.NegativeInfinity]));

    [Fact]
    public void GreedyHeedsPenaltiesAndBias()
    {
        Sampler sampler = new(Greedy with { RepeatPenalty = 2, LogitBias = new Dictionary<int, float> { [4] = 2.5f } }, 5);
        sampler.Accept(2);
        Assert.Equal(4, sampler.Sample([1, -3, 4, 2, 0])); // 4 / 2 = 2 for the token seen; the bias lifts the last to 2.5
    }

    [Fact]
    public void SameSeedSameTokens()
    {
        int[] Run(long? seed)
        {
            Sampler sampler = new(new SamplingOptions { Seed = seed, Temperature = 1.5f }, 1000);
            return [.. Enumerable.Range(0, 50).Select(step => sampler.Sample(RandomLogits(1000, step)))];
        }
        Assert.Equal(Run(42), Run(42));
        Assert.NotEqual(Run(42), Run(43));
        Assert.NotEqual(Run(null), Run(null));
        Assert.NotEqual(Run(-1), Run(-1));
    }

    [Fact]
    public void TokensOfASeedNeverChange()
    {
        // From the same law written in Python. A change here changes what every user's seed gives.
        Sampler sampler = new(new SamplingOptions { Seed = 42, TopK = 0, TopP = 1 }, 8);
        int[] tokens = [.. Enumerable.Range(0, 24).Select(_ => sampler.Sample([0.5f, 1, 1.5f, 2, 1.75f, 1.25f, 0.75f, 0.25f]))];
        Assert.Equal([1, 3, 4, 6, 7, 4, 4, 5, 4, 4, 4, 3, 5, 3, 4, 5, 4, 5, 4, 4, 1, 2, 3, 4], tokens);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void NeverChoosesAMaskedToken(SamplingOptions options)
    {
        float[] logits = [.. Enumerable.Repeat(float.NegativeInfinity, 100)];
        logits[63] = -1e30f;
        Sampler sampler = new(options, 100);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.Equal(63, sampler.Sample([.. logits])));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void RefusesLogitsThatLeaveNoChoice(SamplingOptions options)
    {
        Sampler sampler = new(options, 3);
        AssertInternal("NaN for token 1", () => sampler.Sample([0, float.NaN, 9]));
        AssertInternal("NaN for token 2", () => sampler.Sample([0, 5, float.NaN]));
        AssertInternal("+infinity for token 0", () => sampler.Sample([float.PositiveInfinity, 0, 0]));
        AssertInternal("Every logit is -infinity", () => sampler.Sample([float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity]));
    }

    [Fact]
    public void RefusesTheWrongNumberOfLogits() =>
        Assert.Contains("4 logits", Assert.Throws<ArgumentException>(() => new Sampler(Greedy, 3).Sample(new float[4])).Message);

    [Fact]
    public void SurvivesExtremeLogitsAndTemperatures()
    {
        float[] logits = [float.MaxValue, -float.MaxValue, 0, float.Epsilon];
        foreach (float temperature in new[] { float.Epsilon, 1e-6f, 1, float.MaxValue })
        {
            Sampler sampler = new(new SamplingOptions { Temperature = temperature, Seed = 3, TypicalP = 0.9f, MinP = 0.1f }, 4);
            Assert.Equal(0, sampler.Sample([.. logits]));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ChoosingAllocatesNothing(SamplingOptions options)
    {
        Sampler sampler = new(options with { TypicalP = 0.9f, MinP = 0.01f, RepeatPenalty = 1.1f }, 5000);
        float[] raw = RandomLogits(5000, 1), logits = new float[5000];
        void Step(int token)
        {
            raw.CopyTo(logits, 0);
            sampler.Accept(sampler.Sample(logits));
            sampler.Accept(token);
        }
        Step(0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int token = 0; token < 200; token++)
        {
            Step(token);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void PenaltiesFollowTheWindow()
    {
        // The logits that Sample leaves behind are those after bias and penalties: every step of a long history against the oracle.
        foreach (int window in new[] { 0, 1, 5, 64, 5000, 70_000, -1 })
        {
            int steps = Math.Max(6000, 2 * window);
            SamplingOptions options = Greedy with { RepeatLastN = window, RepeatPenalty = 1.3f, PresencePenalty = 0.4f, FrequencyPenalty = 0.1f };
            Sampler sampler = new(options, 40);
            Random random = new(window);
            List<int> history = [];
            for (int step = 0; step < steps; step++)
            {
                history.Add(random.Next(40));
                sampler.Accept(history[^1]);
                if (step % (steps / 62) == 0 || step < 20)
                {
                    float[] logits = RandomLogits(40, step);
                    double[] expected = SamplerOracle.Adjust(logits, options, history);
                    sampler.Sample(logits);
                    Assert.All(logits.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 2e-3));
                }
            }
        }
    }

    [Fact]
    public void AWindowWiderThanMemoryCostsNothingUntilItFills() =>
        Assert.Equal(1, new Sampler(Greedy with { RepeatLastN = int.MaxValue, RepeatPenalty = 2 }, 2).Sample([1, 2]));

    [Fact]
    public void AcceptRefusesATokenOutsideTheVocabulary()
    {
        Sampler sampler = new(Greedy, 3);
        Assert.Throws<ArgumentOutOfRangeException>(() => sampler.Accept(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => sampler.Accept(-1));
    }

    private static void AssertInternal(string text, Action action)
    {
        TextEngineException error = Assert.Throws<TextEngineException>(action);
        Assert.Equal(TextEngineErrorKind.Internal, error.Kind);
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }

    private static float[] RandomLogits(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 20) - 10))];
    }
}
