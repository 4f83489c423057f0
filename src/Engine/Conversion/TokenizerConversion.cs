using System.Text.Json;
using LocalLlm.Engine.Tokenization;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Conversion;

/// <summary>Turns the tokenizer of a checkpoint into the keys <c>tokenizer.*</c> of GGUF.</summary>
internal static class TokenizerConversion
{
    private const long MaxTemplateBytes = 16 << 20;

    /// <summary>Adds the keys.</summary>
    /// <param name="directory">The checkpoint.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="writer">Takes the keys.</param>
    /// <exception cref="TextEngineException">The tokenizer is missing, wrong, of a kind that cannot be converted, or does not fit the embedding.</exception>
    public static void Add(string directory, CheckpointConfig config, GgufWriter writer)
    {
        TokenizerFile tokenizer = TokenizerFile.Read(directory);
        JsonSection? settings = JsonSection.TryRead(directory, "tokenizer_config.json");
        if (tokenizer.Count > config.VocabularySize)
        {
            throw tokenizer.Json.Refused($"it has {tokenizer.Count} tokens, but the embedding only {config.VocabularySize} rows (vocab_size)");
        }
        writer.Add(TokenizerKeys.Model, "gpt2");
        writer.Add(TokenizerKeys.Pre, tokenizer.Pre);
        IEnumerable<int> ids = Enumerable.Range(0, config.VocabularySize);
        // Rows of the embedding without a token, mostly there to make their number round, get a text that no other has.
        writer.AddArray(TokenizerKeys.Tokens, ids.Select(id => tokenizer.Piece(id) ?? $"[PAD{id}]"));
        writer.AddArray<int>(TokenizerKeys.TokenType, [.. ids.Select(id => (int)TypeOf(tokenizer, id))]);
        writer.AddArray(TokenizerKeys.Merges, tokenizer.Merges);
        SpecialTokenIds.Read(tokenizer, settings, config.Json).AddTo(writer, JsonSection.TryRead(directory, "generation_config.json"));
        if (ChatTemplate(directory, settings) is { } template)
        {
            writer.Add("tokenizer.chat_template", template);
        }
    }

    private static TokenType TypeOf(TokenizerFile tokenizer, int id) =>
        tokenizer.Added(id) is { } added ? added.IsSpecial || LooksSpecial(added.Text) ? TokenType.Control : TokenType.UserDefined
        : tokenizer.Piece(id) is null ? TokenType.Unused
        : TokenType.Normal;

    /// <summary>Files by Qwen do not mark their fill-in and repository tokens as special, though no text holds them by chance.</summary>
    private static bool LooksSpecial(string text) =>
        (text.StartsWith("<|", StringComparison.Ordinal) && text.EndsWith("|>", StringComparison.Ordinal))
        || (text.StartsWith("<｜", StringComparison.Ordinal) && text.EndsWith("｜>", StringComparison.Ordinal));

    /// <summary>The template of a file of its own, else that of <c>tokenizer_config.json</c>, of several the one named default.</summary>
    private static string? ChatTemplate(string directory, JsonSection? settings)
    {
        FileInfo file = new(Path.Combine(directory, "chat_template.jinja"));
        if (file.Exists)
        {
            return file.Length <= MaxTemplateBytes
                ? File.ReadAllText(file.FullName)
                : throw CheckpointError.InFile(file.FullName, $"it has more than {MaxTemplateBytes} bytes");
        }
        if (settings is null || !settings.Has("chat_template"))
        {
            return null;
        }
        return settings.Element.GetProperty("chat_template").ValueKind == JsonValueKind.Array
            ? settings.Sections("chat_template").FirstOrDefault(template => template.Text("name") == "default")?.Text("template")
            : settings.Text("chat_template");
    }
}
