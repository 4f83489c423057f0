namespace LocalLlm.Engine.Tokenization;

/// <summary>
/// The texts by which published chat models spell the tokens that end a turn, a text or a fill-in. Many files name only one of theirs
/// by key (and llama.cpp goes by these texts too), so generation stops at all of them.
/// </summary>
internal static class EndOfGenerationTexts
{
    private static readonly string[] All =
    [
        "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<end_of_turn>", "<|end|>", "</s>", "<eos>",
        "<|end_of_sentence|>", "<｜end▁of▁sentence｜>", "<|return|>", "<|call|>", "<|end_of_turn|>", "<end_of_utterance>", "<EOT>", "[EOT]", "[EOS]",
        "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>",
    ];

    /// <summary>Whether a token of this text ends generation in any model.</summary>
    public static bool Contains(string text) => All.Contains(text, StringComparer.Ordinal);

    /// <summary>
    /// Makes control tokens of those of the texts that a file lists as user-defined or ordinary, as some converters do: otherwise what
    /// a user writes could become them, and their letters would stand in the answer.
    /// </summary>
    public static void MakeControl(Vocabulary vocabulary, TokenType[] types)
    {
        foreach (string text in All)
        {
            // Ordinary tokens only if no text would hold them by chance: Qwen's vocabulary has HTML's </s> as a common word.
            if (vocabulary.Find(text) is { } id && (types[id] == TokenType.UserDefined || text.StartsWith("<|", StringComparison.Ordinal)))
            {
                types[id] = TokenType.Control;
            }
        }
    }

    /// <summary>The tokens of a vocabulary that end generation by their text.</summary>
    public static IEnumerable<int> Tokens(Vocabulary vocabulary) =>
        All.Select(vocabulary.Find).OfType<int>().Where(id => vocabulary.Type(id) == TokenType.Control);
}
