namespace LocalLlm.Engine;

/// <summary>One event of a generation. The order is: one <see cref="GenerationStarted"/>, any number of <see cref="TextDelta"/>, one <see cref="GenerationFinished"/>.</summary>
public abstract record GenerationEvent;

/// <summary>The request was accepted and its prompt is about to be evaluated.</summary>
/// <param name="PromptTokens">Tokens of the prompt, after truncation.</param>
/// <param name="CachedTokens">How many of them need no evaluation.</param>
/// <param name="Truncation">What was dropped to make the prompt fit; null if nothing.</param>
public sealed record GenerationStarted(int PromptTokens, int CachedTokens, Truncation? Truncation) : GenerationEvent;

/// <summary>More text of the answer: whole characters, never a part of a stop string.</summary>
/// <param name="Text">The text; may be empty when only log-probabilities are reported.</param>
/// <param name="LogProbabilities">The tokens behind the text, if asked for.</param>
public sealed record TextDelta(string Text, IReadOnlyList<TokenLogProbability> LogProbabilities) : GenerationEvent;

/// <summary>The end of a generation.</summary>
/// <param name="Reason">Why it ended.</param>
/// <param name="Usage">Counts and times.</param>
/// <param name="Truncation">What was dropped from the prompt or while generating; null if nothing.</param>
/// <param name="Context">All tokens of prompt and answer, to continue from (<see cref="GenerationRequest.Context"/>).</param>
public sealed record GenerationFinished(FinishReason Reason, GenerationUsage Usage, Truncation? Truncation, IReadOnlyList<int> Context) : GenerationEvent;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model ended its turn, or a stop text came.</summary>
    Stop,

    /// <summary>The token limit or the end of the context was reached.</summary>
    Length,
}

/// <summary>Counts and times of a generation.</summary>
/// <param name="PromptTokens">Tokens of the prompt, cached ones included.</param>
/// <param name="CachedTokens">Tokens of the prompt that needed no evaluation.</param>
/// <param name="GeneratedTokens">Tokens generated, the ending one included.</param>
/// <param name="QueueDuration">Time spent waiting for the engine.</param>
/// <param name="PromptDuration">Time spent evaluating the prompt.</param>
/// <param name="GenerationDuration">Time spent generating.</param>
public sealed record GenerationUsage(
    int PromptTokens,
    int CachedTokens,
    int GeneratedTokens,
    TimeSpan QueueDuration,
    TimeSpan PromptDuration,
    TimeSpan GenerationDuration);

/// <summary>What was dropped to make a request fit its context.</summary>
/// <param name="DroppedMessages">Whole messages left out of the conversation.</param>
/// <param name="DroppedTokens">Tokens of the prompt that were not evaluated, or discarded while generating.</param>
/// <param name="KeptTokens">Tokens of the prompt that were evaluated.</param>
public sealed record Truncation(int DroppedMessages, int DroppedTokens, int KeptTokens);

/// <summary>A token with its log-probability.</summary>
/// <param name="Token">Token id.</param>
/// <param name="Text">Its text; U+FFFD stands for bytes that are no whole character.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="LogProbability">Natural logarithm of the probability that the model gave it, before any sampling option.</param>
/// <param name="Top">The likeliest tokens at this place, likeliest first; empty unless asked for.</param>
public sealed record TokenLogProbability(int Token, string Text, byte[] Bytes, float LogProbability, IReadOnlyList<TokenLogProbability> Top);
