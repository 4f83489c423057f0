using System.Text.Json;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Conversion;

/// <summary>A token that <c>tokenizer.json</c> adds to the vocabulary of its model.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Text">How it is written.</param>
/// <param name="IsSpecial">Whether it steers the model instead of being text.</param>
internal sealed record AddedToken(int Id, string Text, bool IsSpecial);

/// <summary>
/// <c>tokenizer.json</c> of a byte-level BPE or a WordPiece tokenizer (Hugging Face's tokenizers library): vocabulary, merges and added tokens. What cannot be said in
/// GGUF, or what the engine does not compute, is refused.
/// </summary>
internal sealed class TokenizerFile
{
    private const string FileName = "tokenizer.json";
    private const int MaxId = 1 << 24;

    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _vocabulary = [];
    private readonly Dictionary<int, AddedToken> _added = [];

    private TokenizerFile(JsonSection json, bool isWordPiece)
    {
        Json = json;
        JsonSection model = json.Section("model") ?? throw json.Wrong("model", "an object");
        if (isWordPiece)
        {
            CheckWordPiece(model);
        }
        else
        {
            CheckModel(model);
        }
        ReadVocabulary(model);
        ReadAdded();
        Merges = [.. model.Items("merges").Select(merge => MergeOf(model, merge))];
        Pre = isWordPiece ? "" : PreTokenizerName.Of(json, model.Flag("ignore_merges", false));
    }

    /// <summary>The file.</summary>
    public JsonSection Json { get; }

    /// <summary>Both sides of every merge with a space between, best first.</summary>
    public IReadOnlyList<string> Merges { get; }

    /// <summary>Name of the pre-tokenizer; empty for WordPiece.</summary>
    public string Pre { get; }

    /// <summary>One more than the highest token id.</summary>
    public int Count { get; private set; }

    /// <summary>Reads the tokenizer of a checkpoint.</summary>
    /// <exception cref="TextEngineException">It is missing, wrong, or of a kind that cannot be converted.</exception>
    public static TokenizerFile Read(string directory) => new(JsonSection.Read(directory, FileName), isWordPiece: false);

    /// <summary>Reads the tokenizer of a BERT checkpoint, which has no merges and no <see cref="Pre"/>.</summary>
    /// <exception cref="TextEngineException">It is missing, wrong, or of another kind.</exception>
    public static TokenizerFile ReadWordPiece(string directory) => new(JsonSection.Read(directory, FileName), isWordPiece: true);

    /// <summary>The token of a number, as it stands in the vocabulary; null if no token has it.</summary>
    public string? Piece(int id) => _added.TryGetValue(id, out AddedToken? added) ? added.Text : _vocabulary.GetValueOrDefault(id);

    /// <summary>The added token of a number; null if it is none.</summary>
    public AddedToken? Added(int id) => _added.GetValueOrDefault(id);

    /// <summary>The number of the token that is written so; null if there is none.</summary>
    public int? Find(string piece) => _ids.TryGetValue(piece, out int id) ? id : null;

    private static void CheckModel(JsonSection model)
    {
        string type = model.Text("type") ?? "BPE";
        if (type != "BPE" || model.Flag("byte_fallback", false))
        {
            string kind = type == "BPE" ? "of SentencePiece's kind (byte_fallback)" : $"of the kind {GgufFormatException.Quote(type)}";
            throw model.Refused($"the tokenizer is {kind}; those that can be converted are byte-level BPE");
        }
        if (!string.IsNullOrEmpty(model.Text("continuing_subword_prefix")) || !string.IsNullOrEmpty(model.Text("end_of_word_suffix")))
        {
            throw model.Refused("the tokenizer marks the beginnings or ends of words, which cannot be converted");
        }
    }

    private static void CheckWordPiece(JsonSection model)
    {
        if (model.Text("type") is var type && type != "WordPiece")
        {
            throw model.Refused($"the tokenizer is of the kind {GgufFormatException.Quote(type ?? "")}; those of BERT that can be converted are WordPiece");
        }
    }

    private static string MergeOf(JsonSection model, JsonElement merge)
    {
        // Files from before 2024 write "a b", newer ones ["a", "b"].
        string text = merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2
            ? $"{model.TextOf("merges", merge[0])} {model.TextOf("merges", merge[1])}"
            : model.TextOf("merges", merge);
        return text.Count(c => c == ' ') == 1 ? text : throw model.Refused($"the merge {GgufFormatException.Quote(text)} is not of two pieces");
    }

    private void ReadVocabulary(JsonSection model)
    {
        JsonSection vocabulary = model.Section("vocab") ?? throw model.Wrong("vocab", "an object");
        foreach (JsonProperty token in vocabulary.Element.EnumerateObject())
        {
            int id = token.Value.ValueKind == JsonValueKind.Number && token.Value.TryGetInt32(out int number) ? number : -1;
            CheckId(id, token.Name);
            if (!_vocabulary.TryAdd(id, token.Name) || !_ids.TryAdd(token.Name, id))
            {
                throw Json.Refused($"the token {GgufFormatException.Quote(token.Name)} or its number {id} stands twice in the vocabulary");
            }
        }
    }

    private void ReadAdded()
    {
        foreach (JsonSection token in Json.Sections("added_tokens"))
        {
            string text = token.Text("content") ?? throw token.Wrong("content", "a text");
            int id = token.TokenIds("id") is [int only] ? only : throw token.Wrong("id", "a token id");
            CheckId(id, text);
            // Some files list a token of the vocabulary again to mark it as special.
            bool contradicts = (_ids.TryGetValue(text, out int known) && known != id) || (_vocabulary.TryGetValue(id, out string? other) && other != text);
            if (contradicts || !_added.TryAdd(id, new AddedToken(id, text, token.Flag("special", false))))
            {
                throw Json.Refused($"the added token {GgufFormatException.Quote(text)} or its number {id} is taken already");
            }
            _ids[text] = id;
        }
    }

    private void CheckId(int id, string text)
    {
        if (id is < 0 or >= MaxId)
        {
            throw Json.Refused($"the token {GgufFormatException.Quote(text)} has no number from 0 to {MaxId - 1}");
        }
        Count = Math.Max(Count, id + 1);
    }
}
