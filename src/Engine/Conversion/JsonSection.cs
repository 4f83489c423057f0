using System.Text.Json;
using System.Text.Unicode;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Conversion;

/// <summary>
/// A JSON object of a checkpoint, read with the checks that hostile or merely unusual files need. A property that is null counts as missing, as it
/// does for the library that writes these files.
/// </summary>
internal sealed class JsonSection
{
    private const int MaxFileBytes = 512 << 20; // a tokenizer of 250,000 tokens has about 35 MB
    private const int MaxDepth = 64;

    private readonly JsonElement _element;
    private readonly string _path;

    private JsonSection(JsonElement element, string path)
    {
        _element = element;
        _path = path;
    }

    /// <summary>The object itself.</summary>
    public JsonElement Element => _element;

    /// <summary>Reads a file of a directory.</summary>
    /// <exception cref="TextEngineException">There is no such file, or it holds no JSON object.</exception>
    public static JsonSection Read(string directory, string name) =>
        TryRead(directory, name) ?? throw CheckpointError.InFile(directory, $"it has no {name}");

    /// <summary>Reads a file of a directory; null if there is none.</summary>
    /// <exception cref="TextEngineException">It holds no JSON object.</exception>
    public static JsonSection? TryRead(string directory, string name) =>
        TryReadElement(directory, name) is not { } element ? null
        : element.ValueKind == JsonValueKind.Object ? new JsonSection(element, Path.Combine(directory, name))
        : throw CheckpointError.InFile(Path.Combine(directory, name), "it is no JSON object");

    /// <summary>The JSON of a file of a directory; null if there is none.</summary>
    /// <exception cref="TextEngineException">It is no JSON.</exception>
    public static JsonElement? TryReadElement(string directory, string name)
    {
        string path = Path.Combine(directory, name);
        FileInfo file = new(path);
        if (!file.Exists)
        {
            return null;
        }
        if (file.Length > MaxFileBytes)
        {
            throw CheckpointError.InFile(path, $"it has more than {MaxFileBytes} bytes");
        }
        byte[] json = File.ReadAllBytes(path);
        try
        {
            RequireText(json);
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return document.RootElement.Clone();
        }
        // InvalidOperationException: bytes or an escape that are no character.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw CheckpointError.InFile(path, "it is no valid JSON", e);
        }
    }

    /// <summary>Reads every text once, so that none is found to be none later.</summary>
    private static void RequireText(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
        {
            throw new JsonException("not UTF-8");
        }
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
            {
                _ = reader.GetString();
            }
        }
    }

    /// <summary>Whether a property is there and not null.</summary>
    public bool Has(string name) => TryGet(name, out _);

    /// <summary>A property that is an object; null if it is missing.</summary>
    public JsonSection? Section(string name) =>
        !TryGet(name, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.Object ? new JsonSection(value, _path)
        : throw Wrong(name, "an object");

    /// <summary>The objects of a property that is a list; none if it is missing.</summary>
    public IEnumerable<JsonSection> Sections(string name) =>
        Items(name).Select(item => item.ValueKind == JsonValueKind.Object ? new JsonSection(item, _path) : throw Wrong(name, "a list of objects"));

    /// <summary>The elements of a property that is a list; none if it is missing.</summary>
    public IEnumerable<JsonElement> Items(string name) =>
        !TryGet(name, out JsonElement value) ? []
        : value.ValueKind == JsonValueKind.Array ? value.EnumerateArray()
        : throw Wrong(name, "a list");

    /// <summary>A text; null if it is missing.</summary>
    public string? Text(string name) =>
        !TryGet(name, out JsonElement value) ? null : TextOf(name, value);

    /// <summary>The text of an element of this file.</summary>
    public string TextOf(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(name, "a text");

    /// <summary>Yes or no; the fallback if it is missing.</summary>
    public bool Flag(string name, bool fallback) =>
        !TryGet(name, out JsonElement value) ? fallback
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(name, "true or false");

    /// <summary>A whole number from 1 to <paramref name="most"/>.</summary>
    public int Count(string name, int most) => OptionalCount(name, most) ?? throw CheckpointError.InFile(_path, $"{name} is missing");

    /// <summary>A whole number from 1 to <paramref name="most"/>; null if it is missing.</summary>
    public int? OptionalCount(string name, int most) =>
        !TryGet(name, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 1 && number <= most ? number
        : throw Wrong(name, $"a whole number from 1 to {most}");

    /// <summary>A finite number; null if it is missing.</summary>
    public double? Number(string name) =>
        !TryGet(name, out JsonElement value) ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) ? number
        : throw Wrong(name, "a number");

    /// <summary>A token id or a list of them; empty if it is missing.</summary>
    public int[] TokenIds(string name)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return [];
        }
        IEnumerable<JsonElement> items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
        return [.. items.Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int id) && id >= 0 ? id : throw Wrong(name, "a token id"))];
    }

    /// <summary>The error to throw when a property makes no sense.</summary>
    public TextEngineException Wrong(string name, string expected) =>
        TryGet(name, out JsonElement value)
            ? CheckpointError.InFile(_path, $"{name} must be {expected}, not {GgufFormatException.Quote(value.GetRawText())}")
            : CheckpointError.InFile(_path, $"{name} is missing: it must be {expected}");

    /// <summary>The error to throw when this file cannot be converted.</summary>
    /// <param name="problem">Why, a clause without a full stop.</param>
    public TextEngineException Refused(string problem) => CheckpointError.InFile(_path, problem);

    private bool TryGet(string name, out JsonElement value) =>
        _element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
}
