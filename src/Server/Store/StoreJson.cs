using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LocalLlm.Server.Store;

/// <summary>How manifests are written and read: compact, <c>camelCase</c>, nothing for null.</summary>
[JsonSerializable(typeof(ModelManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext
{
    /// <summary>The instance to use. Only what JSON must escape is escaped, so that a media type's plus sign stays one.</summary>
    public static ManifestJson Instance { get; } = new(StoreJson.With(JsonNamingPolicy.CamelCase));
}

/// <summary>How config blobs are written and read: compact, <c>snake_case</c>, nothing for null.</summary>
[JsonSerializable(typeof(ModelConfig))]
internal sealed partial class ConfigJson : JsonSerializerContext
{
    /// <summary>The instance to use.</summary>
    public static ConfigJson Instance { get; } = new(StoreJson.With(JsonNamingPolicy.SnakeCaseLower));
}

/// <summary>What both have in common.</summary>
internal static class StoreJson
{
    /// <summary>Options with a naming policy.</summary>
    public static JsonSerializerOptions With(JsonNamingPolicy naming) => new()
    {
        PropertyNamingPolicy = naming,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
