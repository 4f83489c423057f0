namespace LocalLlm.Engine.Conversion;

/// <summary>
/// Finds the name that GGUF has for the way in which a <c>tokenizer.json</c> cuts text into words (<c>tokenizer.ggml.pre</c>): by what the file says,
/// step by step, so that a tokenizer that differs in anything is refused instead of being taken for a similar one.
/// </summary>
internal static class PreTokenizerName
{
    private const int MaxDepth = 8;
    private const string Bytes = "bytes";
    private const string Gpt2Words = "gpt-2 words, bytes";
    private const string SingleDigits = "single digits";

    // The patterns of Qwen 2 and Llama 3 differ in how many digits make a word.
    private const string Before = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string After = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string QwenPattern = Before + @"\p{N}" + After;
    private const string LlamaPattern = Before + @"\p{N}{1,3}" + After;

    /// <summary>The name.</summary>
    /// <param name="tokenizer">The file.</param>
    /// <param name="takesWholeWords">Whether a word that is a token is taken whole, whatever the merges say (<c>ignore_merges</c>).</param>
    /// <exception cref="TextEngineException">There is no name for this way.</exception>
    public static string Of(JsonSection tokenizer, bool takesWholeWords)
    {
        if (tokenizer.Section("normalizer") is { } normalizer && Steps(normalizer, "normalizers", MaxDepth).Any(step => step.Text("type") != "NFC"))
        {
            throw tokenizer.Refused("the tokenizer changes its text (normalizer) in another way than NFC, which is not supported");
        }
        string[] steps = tokenizer.Section("pre_tokenizer") is { } root ? [.. Steps(root, "pretokenizers", MaxDepth).Select(Describe)] : [];
        string? name = steps switch
        {
            [QwenPattern, Bytes] when !takesWholeWords => "qwen2",
            [LlamaPattern, Bytes] => takesWholeWords ? "llama-bpe" : "smaug-bpe",
            [Gpt2Words] when !takesWholeWords => "gpt-2",
            [SingleDigits, Gpt2Words] when !takesWholeWords => "smollm",
            _ => null,
        };
        return name ?? throw tokenizer.Refused(
            "its way of cutting text into words (pre_tokenizer) is not one of those known, which are Qwen 2's, Llama 3's, GPT-2's and SmolLM's");
    }

    /// <summary>The steps of a sequence, of sequences within it too.</summary>
    private static IEnumerable<JsonSection> Steps(JsonSection step, string list, int depth) =>
        step.Text("type") != "Sequence" ? [step]
        : depth == 0 ? throw step.Refused("its sequences are nested too deeply")
        : step.Sections(list).SelectMany(inner => Steps(inner, list, depth - 1));

    /// <summary>What a step does: a pattern, or one of the names above; any other text for what is not known.</summary>
    private static string Describe(JsonSection step) => step.Text("type") switch
    {
        "Split" when CutsAroundMatches(step) => step.Section("pattern")?.Text("Regex") ?? "another pattern",
        "Digits" when step.Flag("individual_digits", false) => SingleDigits,
        "ByteLevel" when !step.Flag("add_prefix_space", true) => step.Flag("use_regex", true) ? Gpt2Words : Bytes,
        _ => "another step",
    };

    /// <summary>Two spellings of the same: matches are words, and what lies between them too (these patterns leave nothing between).</summary>
    private static bool CutsAroundMatches(JsonSection split) => (split.Text("behavior"), split.Flag("invert", false)) is ("Isolated", false) or ("Removed", true);
}
