using System.Text.Json;
using LocalLlm.Engine.Tokenization;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Conversion;

/// <summary>
/// The tokens with a role. <c>tokenizer_config.json</c> names them by their text, <c>config.json</c> by number; what is put before and after a text
/// is said by the post-processor of <c>tokenizer.json</c>, in files without one by <c>tokenizer_config.json</c>.
/// </summary>
internal sealed class SpecialTokenIds
{
    private readonly TokenizerFile _tokenizer;
    private readonly int? _bos;
    private readonly int? _eos;
    private readonly int? _unknown;
    private readonly int? _padding;
    private readonly bool? _addBos;
    private readonly bool _addEos;

    private SpecialTokenIds(TokenizerFile tokenizer, JsonSection? settings, JsonSection config)
    {
        _tokenizer = tokenizer;
        int? IdOf(string role) => ByText(settings, $"{role}_token") ?? ById(config, $"{role}_token_id");
        JsonSection? template = TextTemplate();
        int? before = template is null ? null : TemplateToken(template, atEnd: false);
        int? after = template is null ? null : TemplateToken(template, atEnd: true);
        _bos = before ?? IdOf("bos");
        _eos = after ?? IdOf("eos");
        _unknown = IdOf("unk");
        _padding = IdOf("pad");
        bool? Asked(string name, int? id) => settings?.Has(name) == true ? settings.Flag(name, false) && id is not null : null;
        // Where no file says, none is written, and readers go by the pre-tokenizer: the first files of Llama 3 forget its BOS.
        _addBos = template is null ? Asked("add_bos_token", _bos) : before is not null;
        _addEos = template is null ? Asked("add_eos_token", _eos) == true : after is not null;
    }

    /// <summary>Reads the roles of a checkpoint's tokens.</summary>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="settings">Its <c>tokenizer_config.json</c>, if it has one.</param>
    /// <param name="config">Its <c>config.json</c>.</param>
    /// <exception cref="TextEngineException">A file is wrong.</exception>
    public static SpecialTokenIds Read(TokenizerFile tokenizer, JsonSection? settings, JsonSection config) => new(tokenizer, settings, config);

    /// <summary>Adds the keys.</summary>
    /// <param name="writer">Takes them.</param>
    /// <param name="generation"><c>generation_config.json</c>, if there is one: the tokens that end an answer.</param>
    public void AddTo(GgufWriter writer, JsonSection? generation)
    {
        void Add(string key, int? id)
        {
            if (id is { } number)
            {
                writer.Add(key, (uint)number);
            }
        }
        Add(TokenizerKeys.BosTokenId, _bos);
        Add(TokenizerKeys.EosTokenId, _eos);
        Add(TokenizerKeys.UnknownTokenId, _unknown);
        Add(TokenizerKeys.PaddingTokenId, _padding);
        // Readers know most tokens that end a turn by their text, and there are keys for two that they do not know.
        int[] ends = [.. (generation?.TokenIds("eos_token_id") ?? []).Where(id => id != _eos && _tokenizer.Piece(id) is { } text && !EndOfGenerationTexts.Contains(text)).Distinct()];
        Add(TokenizerKeys.EotTokenId, ends.Length > 0 ? ends[0] : null);
        Add(TokenizerKeys.EomTokenId, ends.Length > 1 ? ends[1] : null);
        if (_addBos is { } addBos)
        {
            writer.Add(TokenizerKeys.AddBosToken, addBos);
        }
        if (_addEos)
        {
            writer.Add(TokenizerKeys.AddEosToken, true);
        }
    }

    private int? ByText(JsonSection? settings, string name)
    {
        if (settings is null || !settings.Has(name))
        {
            return null;
        }
        // Older files write {"content": "<s>", ...}.
        bool isText = settings.Element.GetProperty(name).ValueKind == JsonValueKind.String;
        string? text = isText ? settings.Text(name) : settings.Section(name)!.Text("content");
        return text is null ? null : _tokenizer.Find(text);
    }

    private int? ById(JsonSection config, string name) =>
        config.TokenIds(name) is [int first, ..] && _tokenizer.Piece(first) is not null ? first : null;

    /// <summary>The template of a single text; null if the tokenizer has none.</summary>
    private JsonSection? TextTemplate()
    {
        JsonSection? root = _tokenizer.Json.Section("post_processor");
        IEnumerable<JsonSection> steps = root is null ? [] : root.Text("type") == "Sequence" ? root.Sections("processors") : [root];
        JsonSection? template = null;
        foreach (JsonSection step in steps)
        {
            template = step.Text("type") switch
            {
                "TemplateProcessing" => step,
                "ByteLevel" => template,
                _ => throw _tokenizer.Json.Refused($"the post-processor {GgufFormatException.Quote(step.Text("type") ?? "")} is not supported"),
            };
        }
        return template;
    }

    /// <summary>The token that the template puts before a text, or after it; null if it puts none.</summary>
    private int? TemplateToken(JsonSection template, bool atEnd)
    {
        JsonSection[] items = [.. template.Sections("single")];
        int text = Array.FindIndex(items, item => item.Has("Sequence"));
        JsonSection[] tokens = text < 0 ? [] : atEnd ? items[(text + 1)..] : items[..text];
        if (text < 0 || tokens.Length > 1 || Array.Exists(tokens, item => !item.Has("SpecialToken")))
        {
            throw _tokenizer.Json.Refused("its post-processor adds more to a text than one token at either end, which cannot be converted");
        }
        if (tokens.Length == 0)
        {
            return null;
        }
        string name = tokens[0].Section("SpecialToken")!.Text("id") ?? "";
        return template.Section("special_tokens")?.Section(name)?.TokenIds("ids") is [int id] && _tokenizer.Piece(id) is not null
            ? id
            : throw _tokenizer.Json.Refused($"its post-processor adds {GgufFormatException.Quote(name)}, which is not one token of the vocabulary");
    }
}
