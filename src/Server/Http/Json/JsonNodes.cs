using System.Text.Json;
using System.Text.Json.Nodes;

namespace LocalLlm.Server.Http.Json;

/// <summary>
/// Copies parsed JSON into nodes that chat templates can walk: key order kept, the last duplicate winning, broken text repaired. Nodes that .NET makes
/// from a <see cref="JsonElement"/> do all that on first use, where duplicates and broken text would throw in the middle of a template.
/// </summary>
internal static class JsonNodes
{
    /// <summary>An object; <c>null</c> becomes an empty one.</summary>
    public static JsonObject ObjectOf(JsonElement element)
    {
        JsonObject copy = [];
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in element.EnumerateObject())
            {
                if (JsonText.TryNameOf(property, out string name))
                {
                    copy[name] = Of(property.Value);
                }
            }
        }
        return copy;
    }

    private static JsonNode? Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => ObjectOf(element),
        JsonValueKind.Array => new JsonArray([.. element.EnumerateArray().Select(Of)]),
        JsonValueKind.String => JsonText.Of(element),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => JsonValue.Create(element),
        _ => null,
    };
}
