using System.Text.Json;
using System.Text.Json.Nodes;

namespace LocalLlm.Server.Http.Json;

/// <summary>
/// The fields of a JSON object of a request, read as Go reads them into a struct: names match case-insensitively, the last duplicate wins,
/// <c>null</c> is the same as absent, unknown fields are nobody's business. Every accessor returns null for an absent field and throws
/// <see cref="RequestException"/> (400) that names the field, what it must be and what it is.
/// </summary>
internal sealed class JsonFields
{
    private readonly Dictionary<string, JsonElement> _fields = new(StringComparer.OrdinalIgnoreCase);
    private readonly string _path;

    /// <summary>Views an object.</summary>
    /// <param name="element">A JSON object, or <c>null</c> for one without fields.</param>
    /// <param name="path">Where it stands in the body, for error messages: <c>messages[2]</c>; empty for the body itself.</param>
    public JsonFields(JsonElement element, string path)
    {
        _path = path;
        Element = element;
        if (element.ValueKind == JsonValueKind.Null)
        {
            return;
        }
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Wrong(path.Length == 0 ? "the request body" : path, "an object", element);
        }
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Null && JsonText.TryNameOf(property, out string name))
            {
                _fields[name] = property.Value;
            }
        }
    }

    /// <summary>The object itself.</summary>
    public JsonElement Element { get; }

    /// <summary>The field as it stands, or null.</summary>
    public JsonElement? Any(string name) => _fields.TryGetValue(name, out JsonElement value) ? value : null;

    /// <summary>A string.</summary>
    public string? String(string name) => Any(name) is { } value ? AsString(PathOf(name), value) : null;

    /// <summary>A truth value.</summary>
    public bool? Boolean(string name) => Any(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw Wrong(PathOf(name), "a boolean", value),
    };

    /// <summary>A number, fractions cut off.</summary>
    public int? Int32(string name) => Any(name) is { } value ? (int)AsInteger(PathOf(name), value, int.MinValue, int.MaxValue) : null;

    /// <summary>A number without a fraction, for counts that nobody has ever sent as anything else; <c>4.0</c> is one.</summary>
    public int? Whole(string name) => Any(name) is not { ValueKind: JsonValueKind.Number } value || value.TryGetInt64(out _) || double.IsInteger(value.GetDouble())
        ? Int32(name)
        : throw RequestException.BadRequest($"{PathOf(name)} must be an integer, not {value.GetRawText()}");

    /// <summary>A number, fractions cut off.</summary>
    public long? Int64(string name) => Any(name) is { } value ? AsInteger(PathOf(name), value, long.MinValue, long.MaxValue) : null;

    /// <summary>A number that a float32 can hold.</summary>
    public float? Single(string name) => Any(name) is { } value ? AsSingle(PathOf(name), value) : null;

    /// <summary>An object.</summary>
    public JsonFields? Object(string name) => Any(name) is { } value ? new JsonFields(value, PathOf(name)) : null;

    /// <summary>An array of objects; empty if absent.</summary>
    public IReadOnlyList<JsonFields> Objects(string name)
    {
        List<JsonFields> objects = [];
        foreach (JsonElement item in Items(name))
        {
            objects.Add(new JsonFields(item, $"{PathOf(name)}[{objects.Count}]"));
        }
        return objects;
    }

    /// <summary>An array of objects as nodes, their key order kept; empty if absent.</summary>
    public IReadOnlyList<JsonObject> Nodes(string name) =>
        [.. Objects(name).Select(fields => JsonNodes.ObjectOf(fields.Element))];

    /// <summary>The items of an array; empty if absent.</summary>
    public IReadOnlyList<JsonElement> Items(string name) => Any(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } value => [.. value.EnumerateArray()],
        { } value => throw Wrong(PathOf(name), "an array", value),
    };

    /// <summary>An array of strings; null if absent.</summary>
    public IReadOnlyList<string>? Strings(string name) =>
        Any(name) is null ? null : [.. Items(name).Select((item, index) => AsString($"{PathOf(name)}[{index}]", item))];

    /// <summary>An array of token ids; empty if absent.</summary>
    public IReadOnlyList<int> Tokens(string name) =>
        [.. Items(name).Select((item, index) => (int)AsInteger($"{PathOf(name)}[{index}]", item, 0, int.MaxValue))];

    /// <summary>The error for a field of the wrong kind.</summary>
    public RequestException WrongKind(string name, string expected) => Wrong(PathOf(name), expected, _fields[name]);

    /// <summary>Where a field stands in the body.</summary>
    public string PathOf(string name) => _path.Length == 0 ? name : $"{_path}.{name}";

    private static string AsString(string path, JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? JsonText.Of(value) : throw Wrong(path, "a string", value);

    private static long AsInteger(string path, JsonElement value, long minimum, long maximum)
    {
        if (value.ValueKind != JsonValueKind.Number)
        {
            throw Wrong(path, "an integer", value);
        }
        return JsonNumber.TryGetInteger(value, out long integer) && integer >= minimum && integer <= maximum
            ? integer
            : throw OutOfRange(path, value);
    }

    private static float AsSingle(string path, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Number)
        {
            throw Wrong(path, "a number", value);
        }
        return JsonNumber.TryGetSingle(value, out float number) ? number : throw OutOfRange(path, value);
    }

    private static RequestException OutOfRange(string path, JsonElement value) =>
        RequestException.BadRequest($"{path} is out of range: {value.GetRawText()}");

    private static RequestException Wrong(string path, string expected, JsonElement found) =>
        RequestException.BadRequest($"{path} must be {expected}, not {Describe(found.ValueKind)}");

    private static string Describe(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };
}
