namespace LocalLlm.Engine.Generation;

/// <summary>Embeds texts one after the other.</summary>
internal sealed class TextEmbedder(LanguageModel model)
{
    /// <summary>Tokens of an input with the model's begin and end tokens, cut to the context if that is allowed.</summary>
    /// <exception cref="TextEngineException">It is too long and may not be cut, or nothing of it is left.</exception>
    public int[] Tokenize(string text, EmbeddingRequest request)
    {
        int limit = Math.Min(request.ContextLength ?? model.Description.ContextLength, model.Config.ContextLength);
        int[] tokens = model.Tokenizer.Encode(text, addSpecial: true, parseSpecial: true);
        if (tokens.Length <= limit)
        {
            return tokens;
        }
        if (!request.Truncate)
        {
            throw new TextEngineException(TextEngineErrorKind.ContextOverflow, $"the input length exceeds the context length: {tokens.Length} tokens, {limit} fit");
        }
        // The end token says where a text ends, and last-token pooling reads it: the cut goes before it.
        int closing = model.Tokenizer.AddEos && tokens[^1] == model.Tokenizer.EosToken ? 1 : 0;
        int opening = model.Tokenizer.AddBos && tokens[0] == model.Tokenizer.BosToken ? 1 : 0;
        if (limit <= opening + closing)
        {
            throw new TextEngineException(TextEngineErrorKind.ContextOverflow, "input after truncation exceeds maximum context length");
        }
        return [.. tokens.AsSpan(0, limit - closing), .. tokens.AsSpan(tokens.Length - closing)];
    }

    /// <summary>Embeds tokenized inputs, in order.</summary>
    public EmbeddingResult Embed(IReadOnlyList<int[]> inputs, int? dimensions, CancellationToken cancellationToken)
    {
        var vectors = new float[inputs.Count][];
        for (int i = 0; i < inputs.Count; i++)
        {
            float[] vector = model.ComputeEmbedding(inputs[i], cancellationToken);
            vectors[i] = dimensions is int kept && kept >= 1 && kept < vector.Length
                ? EmbeddingPooling.Normalise(vector[..kept])
                : vector;
        }
        return new EmbeddingResult(vectors, inputs.Sum(tokens => tokens.Length));
    }
}
