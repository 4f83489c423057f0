using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Generation;

/// <summary>Turns texts to embed into tokens that fit the context.</summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="plan">How much context there is.</param>
internal sealed class EmbeddingInputs(Tokenizer tokenizer, MemoryPlan plan)
{
    /// <summary>Tokens of an input with the model's begin and end tokens, cut to the context if that is allowed.</summary>
    /// <exception cref="TextEngineException">It is too long and may not be cut, or nothing of it is left.</exception>
    public int[] Tokenize(string text, EmbeddingRequest request)
    {
        int limit = Math.Min(request.ContextLength ?? plan.ContextLength, plan.MaxContextLength);
        int[] tokens = tokenizer.Encode(text, addSpecial: true, parseSpecial: true);
        if (tokens.Length == 0)
        {
            throw new TextEngineException(TextEngineErrorKind.InvalidRequest, "An input is empty, and this model has no token that could stand for it: send at least one character.");
        }
        if (tokens.Length <= limit)
        {
            return tokens;
        }
        if (!request.Truncate)
        {
            throw new TextEngineException(TextEngineErrorKind.ContextOverflow, $"the input length exceeds the context length: {tokens.Length} tokens, {limit} fit");
        }
        // The end token says where a text ends, and last-token pooling reads it: the cut goes before it.
        int closing = tokenizer.AddEos && tokens[^1] == tokenizer.EosToken ? 1 : 0;
        int opening = tokenizer.AddBos && tokens[0] == tokenizer.BosToken ? 1 : 0;
        if (limit <= opening + closing)
        {
            throw new TextEngineException(TextEngineErrorKind.ContextOverflow, "input after truncation exceeds maximum context length");
        }
        return [.. tokens.AsSpan(0, limit - closing), .. tokens.AsSpan(tokens.Length - closing)];
    }
}
