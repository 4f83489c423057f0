using LocalLlm.Engine.Sampling;

namespace LocalLlm.Engine.Tests.Sampling;

public class LogProbabilitiesTests
{
    [Fact]
    public void EqualsSoftmaxInDecimal()
    {
        float[] logits = [1.5f, -2, 0.25f, 3, float.NegativeInfinity, 2.875f];
        decimal sum = logits.Where(float.IsFinite).Sum(x => (decimal)Math.Exp(x));
        LogProbabilities scores = new(logits.Length, 3);
        scores.Observe(logits);
        for (int token = 0; token < logits.Length; token++)
        {
            double expected = float.IsFinite(logits[token]) ? Math.Log((double)((decimal)Math.Exp(logits[token]) / sum)) : double.NegativeInfinity;
            Assert.Equal(expected, scores.Of(token), 1e-6);
        }
        Assert.Equal([3, 5, 0], scores.Top.ToArray().Select(s => s.Token));
        Assert.All(scores.Top.ToArray(), s => Assert.Equal(scores.Of(s.Token), s.LogProbability));
    }

    [Fact]
    public void AWholeVocabularyOfEqualsLosesNothing()
    {
        float[] logits = [.. Enumerable.Repeat(1000f, 151_936)];
        LogProbabilities scores = new(logits.Length, 20);
        scores.Observe(logits);
        Assert.Equal((float)-Math.Log(151_936), scores.Of(77));
        Assert.Equal(Enumerable.Range(0, 20), scores.Top.ToArray().Select(s => s.Token));
    }

    [Fact]
    public void IsOfTheRawLogits()
    {
        float[] logits = [1, 2, 3];
        LogProbabilities scores = new(3, 1);
        scores.Observe(logits);
        float before = scores.Of(2);
        int token = new Sampler(new SamplingOptions { Temperature = 0, LogitBias = new Dictionary<int, float> { [2] = -9 } }, 3).Sample(logits);
        Assert.Equal(1, token);
        Assert.Equal(before, scores.Of(2));
        Assert.Equal(2, scores.Top[0].Token);
    }

    [Fact]
    public void MaskedTokensAreNotAmongTheTop()
    {
        LogProbabilities scores = new(3, 3);
        scores.Observe([float.NegativeInfinity, 0, float.NegativeInfinity]);
        Assert.Equal([new TokenScore(1, 0)], scores.Top.ToArray());
        Assert.Equal(float.NegativeInfinity, scores.Of(0));
    }

    [Fact]
    public void RefusesWhatItCannotReport()
    {
        Assert.Equal("top_logprobs must be between 0 and 20.", Assert.Throws<TextEngineException>(() => new LogProbabilities(100, 21)).Message);
        Assert.Equal(TextEngineErrorKind.InvalidRequest, Assert.Throws<TextEngineException>(() => new LogProbabilities(100, -1)).Kind);
        LogProbabilities scores = new(2, 0);
        Assert.Contains("NaN for token 1", Assert.Throws<TextEngineException>(() => scores.Observe([3, float.NaN])).Message);
        Assert.Contains("-infinity", Assert.Throws<TextEngineException>(() => scores.Observe([float.NegativeInfinity, float.NegativeInfinity])).Message);
    }
}
