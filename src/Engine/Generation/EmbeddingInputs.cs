using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Generation;

/// <summary>Turns texts to embed into tokens that fit the context.</summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="plan">How much context there is.</param>
internal sealed class EmbeddingInputs(Tokenizer tokenizer, MemoryPlan plan)
{
    /// <summary>Number of inputs of a request.</summary>
    public static int Count(EmbeddingRequest request) => request.Tokens?.Count ?? request.Inputs.Count;

    /// <summary>Tokens of an input with the model's begin and end tokens, cut to the context if that is allowed.</summary>
    /// <param name="request">The request.</param>
    /// <param name="number">Number of the input, from 0.</param>
    /// <exception cref="TextEngineException">It is too long and may not be cut, nothing of it is left, or a token is none of the model's.</exception>
    public int[] Tokenize(EmbeddingRequest request, int number)
    {
        int limit = Math.Min(request.ContextLength ?? plan.ContextLength, plan.MaxContextLength);
        int[] tokens = request.Tokens is { } given ? Complete(given[number]) : tokenizer.Encode(request.Inputs[number], addSpecial: true, parseSpecial: true);
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

    private int[] Complete(int[] tokens)
    {
        foreach (int token in tokens)
        {
            tokenizer.CheckId(token);
        }
        bool opens = tokenizer.AddBos && tokenizer.BosToken is { } bos && (tokens.Length == 0 || tokens[0] != bos);
        bool closes = tokenizer.AddEos && tokenizer.EosToken is { } eos && (tokens.Length == 0 || tokens[^1] != eos);
        return !opens && !closes ? tokens : [.. opens ? [tokenizer.BosToken!.Value] : Array.Empty<int>(), .. tokens, .. closes ? [tokenizer.EosToken!.Value] : Array.Empty<int>()];
    }
}
