namespace LocalLlm.Engine.Tokenization;

/// <summary>The errors of vocabularies that cannot be used.</summary>
internal static class InvalidVocabulary
{
    /// <summary>An error of kind <see cref="TextEngineErrorKind.InvalidModel"/>; <paramref name="reason"/> is a clause without a full stop.</summary>
    public static TextEngineException Because(string reason) =>
        new(TextEngineErrorKind.InvalidModel, $"The model's tokenizer cannot be used: {reason}.");

    /// <summary>Requires a list to have an entry for every token.</summary>
    public static void CheckLength(string key, int length, int tokens)
    {
        if (length != tokens)
        {
            throw Because($"{key} has {length} entries for {tokens} tokens");
        }
    }
}
