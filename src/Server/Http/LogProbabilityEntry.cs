using LocalLlm.Engine;

namespace LocalLlm.Server.Http;

/// <summary>A token with its log-probability, in the form that both APIs share.</summary>
/// <param name="Token">The token's text.</param>
/// <param name="Logprob">Natural logarithm of its probability.</param>
/// <param name="Bytes">Its bytes, as numbers.</param>
/// <param name="TopLogprobs">The likeliest tokens at its place; null to leave the key out.</param>
internal sealed record LogProbabilityEntry(
    string Token, float Logprob, IReadOnlyList<int> Bytes, IReadOnlyList<LogProbabilityEntry>? TopLogprobs)
{
    /// <summary>The entries of tokens.</summary>
    /// <param name="tokens">As the engine reports them.</param>
    /// <param name="alwaysTop">Write an empty list of alternatives where there are none (OpenAI), instead of no list (Ollama).</param>
    public static IReadOnlyList<LogProbabilityEntry> Of(IReadOnlyList<TokenLogProbability> tokens, bool alwaysTop) =>
        [.. tokens.Select(token => Of(token, alwaysTop || token.Top.Count > 0 ? [.. token.Top.Select(top => Of(top, null))] : null))];

    private static LogProbabilityEntry Of(TokenLogProbability token, IReadOnlyList<LogProbabilityEntry>? top) =>
        new(token.Text, Finite(token.LogProbability), [.. token.Bytes.Select(value => (int)value)], top);

    /// <summary>JSON knows no infinity: a token that sampling could not choose gets the least float32.</summary>
    private static float Finite(float logProbability) => Math.Max(logProbability, float.MinValue);
}
