using LocalLlm.Engine.Chat;

namespace LocalLlm.Engine.Generation;

/// <summary>
/// Turns a request into tokens that fit the context, and says what had to go: first the oldest messages (never a system message or the
/// last message), then tokens out of the middle. Nothing is dropped without being reported.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="plan">How much context there is.</param>
internal sealed class PromptFitting(LanguageModel model, MemoryPlan plan)
{
    // Below this nothing sensible is left of a prompt.
    private const int LeastContext = 4;

    /// <summary>Renders and fits a request's prompt.</summary>
    /// <exception cref="TextEngineException">The template fails, the prompt is empty, or it does not fit and may not be cut.</exception>
    public FittedPrompt Fit(GenerationRequest request)
    {
        int limit = Math.Clamp(request.ContextLength ?? plan.ContextLength, Math.Min(LeastContext, plan.MaxContextLength), plan.MaxContextLength);
        List<ChatMessage>? messages = request.Messages?.ToList();
        int[] tokens = Tokenize(request, messages);
        int all = tokens.Length;
        int droppedMessages = 0;
        while (tokens.Length > limit && request.Truncate && messages is not null && DropOldest(messages))
        {
            droppedMessages++;
            tokens = Tokenize(request, messages);
        }

        int keep = Keep(request, tokens.Length, limit);
        if (tokens.Length > limit)
        {
            if (!request.Truncate || !request.Shift)
            {
                throw Overflow(tokens.Length, limit);
            }
            tokens = CutMiddle(tokens, keep, limit);
        }
        if (tokens.Length == 0)
        {
            throw new TextEngineException(TextEngineErrorKind.InvalidRequest, "The prompt is empty: send at least one character.");
        }
        Truncation? truncation = tokens.Length == all ? null : new Truncation(droppedMessages, all - tokens.Length, tokens.Length);
        return new FittedPrompt(tokens, limit, keep, truncation);
    }

    /// <summary>The text of a request's prompt, without anything dropped.</summary>
    public string Render(GenerationRequest request) =>
        model.Render(request, request.Messages);

    /// <summary>Tokens left of <paramref name="tokens"/> when the middle goes: the first <paramref name="keep"/>, and the last so that half of the rest of the context is free.</summary>
    public static int[] CutMiddle(ReadOnlySpan<int> tokens, int keep, int limit)
    {
        int target = limit - ((limit - keep) / 2);
        return [.. tokens[..keep], .. tokens[^(target - keep)..]];
    }

    private int[] Tokenize(GenerationRequest request, List<ChatMessage>? messages)
    {
        string text = model.Render(request, messages);
        // Templates that write the begin token themselves must not get a second one.
        bool writesBos = (messages is not null || request.Suffix is not null) && model.BosText.Length > 0 && text.StartsWith(model.BosText, StringComparison.Ordinal);
        int[] tokens = model.Tokenizer.Encode(text, addSpecial: request.Context.Count == 0 && !writesBos, parseSpecial: true);
        if (tokens.Length > 0 && tokens[^1] == model.Tokenizer.EosToken && model.Tokenizer.AddEos && !text.EndsWith(model.Tokenizer.Piece(tokens[^1]), StringComparison.Ordinal))
        {
            // The end token closes texts to embed; a text to continue must stay open.
            tokens = tokens[..^1];
        }
        foreach (int token in request.Context)
        {
            if ((uint)token >= (uint)model.Config.VocabularySize)
            {
                throw new TextEngineException(TextEngineErrorKind.InvalidRequest, $"The context holds the token {token}, but this model has {model.Config.VocabularySize} tokens: send back the context that this model returned.");
            }
        }
        return request.Context.Count == 0 ? tokens : [.. request.Context, .. tokens];
    }

    /// <summary>Removes the oldest message that may go; false if none may.</summary>
    private static bool DropOldest(List<ChatMessage> messages)
    {
        int oldest = messages.FindIndex(message => message.Role != "system");
        if (oldest < 0 || oldest == messages.Count - 1)
        {
            return false;
        }
        messages.RemoveAt(oldest);
        return true;
    }

    private int Keep(GenerationRequest request, int promptLength, int limit)
    {
        int keep = request.Keep < 0 ? promptLength : request.Keep + (model.Tokenizer.AddBos ? 1 : 0);
        // At least one token must be free to go, or a shift could never make room.
        return Math.Clamp(keep, 0, Math.Min(promptLength, limit - 2));
    }

    private TextEngineException Overflow(int tokens, int limit) => new(
        TextEngineErrorKind.ContextOverflow,
        $"The prompt has {tokens} tokens, which exceeds the context length of {limit}: shorten it, allow truncation, or raise num_ctx (here up to {plan.MaxContextLength}; this model was trained for {model.Config.ContextLength}).");
}
