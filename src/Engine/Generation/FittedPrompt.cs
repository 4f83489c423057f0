namespace LocalLlm.Engine.Generation;

/// <summary>A prompt as tokens that fit their context.</summary>
/// <param name="Tokens">At least one token.</param>
/// <param name="ContextLength">Positions that prompt and answer may use together.</param>
/// <param name="Keep">Leading tokens that a shift never discards.</param>
/// <param name="Truncation">What was dropped to make it fit; null if nothing.</param>
internal sealed record FittedPrompt(int[] Tokens, int ContextLength, int Keep, Truncation? Truncation);
