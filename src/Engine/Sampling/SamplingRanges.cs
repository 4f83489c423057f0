using System.Globalization;

namespace LocalLlm.Engine.Sampling;

/// <summary>What the sampling options may be. Options are named as Ollama's API names them, because that is where users meet them.</summary>
internal static class SamplingRanges
{
    /// <summary>Checks all options.</summary>
    /// <exception cref="TextEngineException"><see cref="TextEngineErrorKind.InvalidRequest"/>: one sentence that names the option, its value and its range.</exception>
    public static void Check(SamplingOptions options)
    {
        Require(float.IsFinite(options.Temperature) && options.Temperature >= 0, "temperature", options.Temperature, "0 (always the likeliest token) or more");
        Require(!float.IsNaN(options.TopP) && options.TopP >= 0, "top_p", options.TopP, "0 to 1");
        Require(options.MinP is >= 0 and <= 1, "min_p", options.MinP, "0 to 1");
        Require(!float.IsNaN(options.TypicalP) && options.TypicalP >= 0, "typical_p", options.TypicalP, "0 to 1");
        Require(options.RepeatLastN >= -1, "repeat_last_n", options.RepeatLastN, "-1 (the whole context), 0 (no penalties) or a number of tokens");
        Require(float.IsFinite(options.RepeatPenalty) && options.RepeatPenalty > 0, "repeat_penalty", options.RepeatPenalty, "above 0 (1 is off)");
        Require(float.IsFinite(options.PresencePenalty), "presence_penalty", options.PresencePenalty, "finite (0 is off)");
        Require(float.IsFinite(options.FrequencyPenalty), "frequency_penalty", options.FrequencyPenalty, "finite (0 is off)");
        foreach ((int token, float bias) in options.LogitBias)
        {
            if (float.IsNaN(bias) || float.IsPositiveInfinity(bias))
            {
                throw Invalid($"logit_bias of token {token} is {Text(bias)}; it must be a finite number, or -infinity to ban the token.");
            }
        }
    }

    private static void Require(bool holds, string option, double value, string range)
    {
        if (!holds)
        {
            throw Invalid($"{option} is {Text(value)}; it must be {range}.");
        }
    }

    private static string Text(double value) => ((float)value).ToString(CultureInfo.InvariantCulture);

    private static TextEngineException Invalid(string sentence) => new(TextEngineErrorKind.InvalidRequest, sentence);
}
