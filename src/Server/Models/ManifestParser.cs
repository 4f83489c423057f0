using System.Text.Json;
using System.Text.RegularExpressions;
using LocalLlm.Engine.Transformer;

namespace LocalLlm.Server.Models;

/// <summary>
/// Reads <c>models.manifest</c>, strictly: a key that is unknown, missing, doubled or of the wrong kind is an error that names the place, because a
/// mistyped fact would otherwise be a fact left out. The schema is in <c>docs/models-manifest.md</c>.
/// </summary>
internal sealed partial class ManifestParser
{
    private const int SchemaVersion = 1;

    // Of any one extent; products of three stay in 63 bits.
    private const int MaxExtent = 1 << 20;
    private static readonly string[] s_poolings = ["mean", "cls", "last"];

    private readonly string _path;
    private readonly string _folder;
    private readonly HashSet<ModelName> _seen = [];

    private ManifestParser(string path)
    {
        _path = path;
        _folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
    }

    /// <summary>Reads a manifest.</summary>
    /// <param name="path">Path of the manifest; files in it are relative to its folder.</param>
    /// <param name="json">Its text.</param>
    /// <exception cref="ModelCatalogueException">The manifest breaks its schema.</exception>
    public static IReadOnlyList<CatalogueModel> Parse(string path, string json)
    {
        ManifestParser parser = new(path);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return parser.Manifest(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new ModelCatalogueException($"'{path}' is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} cannot be read.", e);
        }
    }

    [GeneratedRegex("^[0-9a-f]{64}$")]
    private static partial Regex Sha256Pattern { get; }

    private List<CatalogueModel> Manifest(JsonElement root)
    {
        Dictionary<string, JsonElement> fields = Fields(root, "the manifest", ["version", "models"]);
        if (Integer(fields, "", "version") is not SchemaVersion)
        {
            throw Wrong("version", $"{SchemaVersion}, the only version that this program knows");
        }
        if (!fields.TryGetValue("models", out JsonElement models) || models.ValueKind != JsonValueKind.Array)
        {
            throw Wrong("models", "an array");
        }
        return [.. models.EnumerateArray().Select((model, index) => Model(model, $"models[{index}]"))];
    }

    private CatalogueModel Model(JsonElement element, string at)
    {
        Dictionary<string, JsonElement> fields = Fields(
            element, at, ["names", "about", "file", "reference", "sha256", "size", "architecture", "parameters", "shape", "quantization", "context", "pooling", "licence", "source", "defaults"]);
        string? file = Text(fields, at, "file"), reference = Text(fields, at, "reference");
        if ((file is null) == (reference is null))
        {
            throw Wrong(at, "an entry with either 'file' or 'reference'");
        }
        bool isEncoder = Text(fields, at, "architecture") is { } architecture && EncoderConfig.Architectures.Contains(architecture);
        CatalogueModel model = new()
        {
            Names = Names(fields, at),
            About = Text(fields, at, "about"),
            Path = file is null ? null : FullPath(file, at),
            Reference = reference is null ? null : ReferenceOf(reference, at),
            Sha256 = Text(fields, at, "sha256"),
            Size = Integer(fields, at, "size"),
            Architecture = Text(fields, at, "architecture"),
            Parameters = Integer(fields, at, "parameters"),
            Shape = fields.TryGetValue("shape", out JsonElement shape) && !isEncoder ? Shape(shape, $"{at}.shape") : null,
            EncoderShape = shape.ValueKind != JsonValueKind.Undefined && isEncoder ? EncoderShape(shape, $"{at}.shape") : null,
            Quantization = Text(fields, at, "quantization"),
            Context = (int?)Integer(fields, at, "context", int.MaxValue),
            Pooling = Text(fields, at, "pooling"),
            Licence = Text(fields, at, "licence"),
            Source = Text(fields, at, "source"),
            Defaults = Defaults(fields, at),
        };
        if (file is not null && (model.Sha256 is null || model.Size is null))
        {
            throw Wrong(at, "an entry with 'sha256' and 'size', because it has a 'file'");
        }
        if (model.Sha256 is not null && !Sha256Pattern.IsMatch(model.Sha256))
        {
            throw Wrong($"{at}.sha256", "64 lower-case hexadecimal digits");
        }
        if (model.Pooling is not null && !s_poolings.Contains(model.Pooling))
        {
            throw Wrong($"{at}.pooling", $"one of {string.Join(", ", s_poolings)}");
        }
        return model;
    }

    private List<string> Names(Dictionary<string, JsonElement> fields, string at)
    {
        if (!fields.TryGetValue("names", out JsonElement names) || names.ValueKind != JsonValueKind.Array || names.GetArrayLength() == 0)
        {
            throw Wrong($"{at}.names", "an array of at least one name");
        }
        List<string> result = [];
        foreach (JsonElement name in names.EnumerateArray())
        {
            string place = $"{at}.names[{result.Count}]";
            if (name.ValueKind != JsonValueKind.String || !ModelName.TryParse(name.GetString()!, out ModelName? parsed))
            {
                throw Wrong(place, "a model name such as 'smollm2' or 'smollm2:135m'");
            }
            if (!_seen.Add(parsed.Value))
            {
                throw Wrong(place, $"a name that no other entry has, but '{name.GetString()}' stands in the manifest twice");
            }
            result.Add(name.GetString()!);
        }
        return result;
    }

    private CatalogueShape Shape(JsonElement element, string at)
    {
        Dictionary<string, JsonElement> fields = Fields(element, at, ["blocks", "width", "feed_forward", "heads", "heads_kv", "key_length", "vocabulary", "output"]);
        int Count(string key) => Extent(fields, at, key);
        CatalogueShape shape = new()
        {
            Blocks = Count("blocks"),
            Width = Count("width"),
            FeedForward = Count("feed_forward"),
            Heads = Count("heads"),
            HeadsKv = Count("heads_kv"),
            KeyLength = Count("key_length"),
            Vocabulary = Count("vocabulary"),
            Output = Text(fields, at, "output") switch
            {
                "shared" => OutputHead.Shared,
                "copied" => OutputHead.Copied,
                "own" => OutputHead.Own,
                _ => throw Wrong($"{at}.output", "one of shared, copied, own"),
            },
        };
        return shape.Heads % shape.HeadsKv == 0 ? shape : throw Wrong($"{at}.heads_kv", $"a divisor of the {shape.Heads} heads");
    }

    private CatalogueEncoderShape EncoderShape(JsonElement element, string at)
    {
        Dictionary<string, JsonElement> fields = Fields(element, at, ["blocks", "width", "feed_forward", "heads", "vocabulary", "token_types"]);
        CatalogueEncoderShape shape = new()
        {
            Blocks = Extent(fields, at, "blocks"),
            Width = Extent(fields, at, "width"),
            FeedForward = Extent(fields, at, "feed_forward"),
            Heads = Extent(fields, at, "heads"),
            Vocabulary = Extent(fields, at, "vocabulary"),
            TokenTypes = Extent(fields, at, "token_types"),
        };
        return shape.Width % shape.Heads == 0 ? shape : throw Wrong($"{at}.heads", $"a divisor of the width {shape.Width}");
    }

    private int Extent(Dictionary<string, JsonElement> fields, string at, string key) =>
        (int?)Integer(fields, at, key, MaxExtent) ?? throw Wrong($"{at}.{key}", $"a whole number from 1 to {MaxExtent}");

    private ModelName ReferenceOf(string reference, string at) =>
        reference.Contains('/', StringComparison.Ordinal) && ModelName.TryParse(reference, out ModelName? name)
            ? name.Value
            : throw Wrong($"{at}.reference", "a name with its registry, such as 'registry.ollama.ai/library/qwen3:8b' or 'hf.co/owner/repository:Q4_K_M'");

    private string FullPath(string file, string at)
    {
        bool stays = !Path.IsPathRooted(file) && !file.Contains('\\', StringComparison.Ordinal) && !file.Split('/').Any(part => part is "" or "." or "..");
        return stays
            ? Path.Combine([_folder, .. file.Split('/')])
            : throw Wrong($"{at}.file", "a path below the manifest's folder, written with '/'");
    }

    private JsonElement? Defaults(Dictionary<string, JsonElement> fields, string at)
    {
        if (!fields.TryGetValue("defaults", out JsonElement defaults))
        {
            return null;
        }
        bool fits = defaults.ValueKind == JsonValueKind.Object && defaults.EnumerateObject().All(option => option.Value.ValueKind switch
        {
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => true,
            JsonValueKind.Array => option.Value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String),
            _ => false,
        });
        return fits ? defaults.Clone() : throw Wrong($"{at}.defaults", "an object of options whose values are numbers, booleans or arrays of strings");
    }

    private Dictionary<string, JsonElement> Fields(JsonElement element, string at, string[] known)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Wrong(at, "an object");
        }
        Dictionary<string, JsonElement> fields = [];
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (!known.Contains(property.Name))
            {
                throw new ModelCatalogueException($"'{_path}': {at} has the unknown key '{property.Name}'; known are {string.Join(", ", known)}.");
            }
            if (!fields.TryAdd(property.Name, property.Value))
            {
                throw new ModelCatalogueException($"'{_path}': {at} has the key '{property.Name}' twice.");
            }
        }
        return fields;
    }

    private string? Text(Dictionary<string, JsonElement> fields, string at, string key)
    {
        if (!fields.TryGetValue(key, out JsonElement value))
        {
            return null;
        }
        return value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : throw Wrong($"{at}.{key}", "a text that is not empty");
    }

    private long? Integer(Dictionary<string, JsonElement> fields, string at, string key, long maximum = long.MaxValue)
    {
        if (!fields.TryGetValue(key, out JsonElement value))
        {
            return null;
        }
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number > 0 && number <= maximum
            ? number
            : throw Wrong(at.Length == 0 ? key : $"{at}.{key}", $"a whole number from 1 to {maximum}");
    }

    private ModelCatalogueException Wrong(string at, string expected) => new($"'{_path}': {at} must be {expected}.");
}
