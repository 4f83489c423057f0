using LocalLlm.Engine.Tokenization;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Conversion;

/// <summary>
/// Turns a WordPiece tokenizer (<c>tokenizer.json</c> of Hugging Face's tokenizers library) into the keys of a <c>bert</c> tokenizer: pieces that begin a word
/// get a U+2581 there, and those that continue one lose their <c>##</c>. What the engine would cut differently is refused.
/// </summary>
internal static class WordPieceConversion
{
    private const string Continues = "##", Begins = "\u2581";
    private const int LongestWord = 100;

    /// <summary>Adds the keys.</summary>
    /// <param name="directory">The checkpoint.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="writer">Takes the keys.</param>
    /// <exception cref="TextEngineException">The tokenizer is missing, wrong, of a kind that cannot be converted, or does not fit the embedding.</exception>
    public static void Add(string directory, EncoderCheckpointConfig config, GgufWriter writer)
    {
        TokenizerFile tokenizer = TokenizerFile.ReadWordPiece(directory);
        CheckWays(tokenizer.Json);
        if (tokenizer.Count > config.VocabularySize)
        {
            throw tokenizer.Json.Refused($"it has {tokenizer.Count} tokens, but the embedding only {config.VocabularySize} rows (vocab_size)");
        }
        IEnumerable<int> ids = Enumerable.Range(0, config.VocabularySize);
        writer.Add(TokenizerKeys.Model, "bert");
        writer.AddArray(TokenizerKeys.Tokens, ids.Select(id => Spelled(tokenizer, id)));
        writer.AddArray<int>(TokenizerKeys.TokenType, [.. ids.Select(id => (int)TypeOf(tokenizer, id))]);
        writer.Add("tokenizer.ggml.token_type_count", (uint)config.TokenTypeCount);
        JsonSection? settings = JsonSection.TryRead(directory, "tokenizer_config.json");
        uint classifies = Id(tokenizer, settings, "cls_token", "[CLS]"), separates = Id(tokenizer, settings, "sep_token", "[SEP]");
        writer.Add(TokenizerKeys.BosTokenId, classifies);
        writer.Add(TokenizerKeys.EosTokenId, separates);
        writer.Add(TokenizerKeys.UnknownTokenId, Id(tokenizer, settings, "unk_token", "[UNK]"));
        writer.Add(TokenizerKeys.SepTokenId, separates);
        writer.Add(TokenizerKeys.PaddingTokenId, Id(tokenizer, settings, "pad_token", "[PAD]"));
        writer.Add(TokenizerKeys.ClsTokenId, classifies);
    }

    private static void CheckWays(JsonSection json)
    {
        JsonSection model = json.Section("model")!;
        if ((model.Text("continuing_subword_prefix") ?? Continues) != Continues || (model.OptionalCount("max_input_chars_per_word", int.MaxValue) ?? LongestWord) != LongestWord)
        {
            throw json.Refused($"its pieces are continued otherwise than by {Continues}, or its words are not of {LongestWord} characters at most, which cannot be converted");
        }
        JsonSection? normalizer = json.Section("normalizer");
        bool lowers = normalizer?.Flag("lowercase", true) == true;
        if (normalizer?.Text("type") != "BertNormalizer" || !normalizer.Flag("clean_text", true) || !normalizer.Flag("handle_chinese_chars", true)
            || !lowers || !normalizer.Flag("strip_accents", lowers))
        {
            throw json.Refused("its text is not cleaned, lowered and stripped of accents as that of an uncased BERT (normalizer), which cannot be converted");
        }
        if (json.Section("pre_tokenizer")?.Text("type") != "BertPreTokenizer")
        {
            throw json.Refused("its way of cutting text into words is not BERT's (pre_tokenizer), which cannot be converted");
        }
    }

    private static string Spelled(TokenizerFile tokenizer, int id) => tokenizer.Piece(id) switch
    {
        // Rows of the embedding without a token get a text that no other has.
        null => $"[PAD{id}]",
        { } piece when TypeOf(tokenizer, id) == TokenType.Control => piece,
        { } piece when piece.StartsWith(Continues, StringComparison.Ordinal) => piece[Continues.Length..],
        { } piece => Begins + piece,
    };

    private static TokenType TypeOf(TokenizerFile tokenizer, int id) =>
        tokenizer.Added(id) is { IsSpecial: true } ? TokenType.Control
        : tokenizer.Piece(id) is null ? TokenType.Unused
        : TokenType.Normal;

    private static uint Id(TokenizerFile tokenizer, JsonSection? settings, string role, string usual)
    {
        // Older files write {"content": "[CLS]", ...}.
        string text = settings?.Has(role) != true ? usual
            : settings.Element.GetProperty(role).ValueKind == System.Text.Json.JsonValueKind.String ? settings.Text(role)!
            : settings.Section(role)!.Text("content") ?? usual;
        return tokenizer.Find(text) is { } id ? (uint)id : throw tokenizer.Json.Refused($"it has no token {GgufFormatException.Quote(text)} ({role})");
    }
}
