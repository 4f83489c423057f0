using LocalLlm.Engine.Sampling;

namespace LocalLlm.Engine.Tests.Sampling;

public class SamplingRangesTests
{
    public static TheoryData<SamplingOptions, string> Refused => new()
    {
        { new() { Temperature = -0.1f }, "temperature is -0.1; it must be 0 (always the likeliest token) or more." },
        { new() { Temperature = float.NaN }, "temperature is NaN; it must be 0 (always the likeliest token) or more." },
        { new() { Temperature = float.PositiveInfinity }, "temperature is Infinity; it must be 0 (always the likeliest token) or more." },
        { new() { TopP = -1 }, "top_p is -1; it must be 0 to 1." },
        { new() { MinP = 1.5f }, "min_p is 1.5; it must be 0 to 1." },
        { new() { MinP = float.NaN }, "min_p is NaN; it must be 0 to 1." },
        { new() { TypicalP = -0.5f }, "typical_p is -0.5; it must be 0 to 1." },
        { new() { RepeatLastN = -2 }, "repeat_last_n is -2; it must be -1 (the whole context), 0 (no penalties) or a number of tokens." },
        { new() { RepeatPenalty = 0 }, "repeat_penalty is 0; it must be above 0 (1 is off)." },
        { new() { PresencePenalty = float.NegativeInfinity }, "presence_penalty is -Infinity; it must be finite (0 is off)." },
        { new() { FrequencyPenalty = float.NaN }, "frequency_penalty is NaN; it must be finite (0 is off)." },
        { new() { LogitBias = new Dictionary<int, float> { [3] = float.NaN } }, "logit_bias of token 3 is NaN; it must be a finite number, or -infinity to ban the token." },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void RefusesWithOneSentence(SamplingOptions options, string sentence)
    {
        TextEngineException error = Assert.Throws<TextEngineException>(() => new Sampler(options, 10));
        Assert.Equal(TextEngineErrorKind.InvalidRequest, error.Kind);
        Assert.Equal(sentence, error.Message);
    }

    [Fact]
    public void TakesWhatMeansOff() =>
        Assert.NotNull(new Sampler(new SamplingOptions { TopK = -5, TopP = 2, TypicalP = 9, RepeatLastN = -1, Seed = -1, LogitBias = new Dictionary<int, float> { [9] = float.NegativeInfinity, [-1] = 1, [10] = 1 } }, 10));
}
