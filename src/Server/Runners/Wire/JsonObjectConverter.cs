using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LocalLlm.Server.Http.Json;

namespace LocalLlm.Server.Runners.Wire;

/// <summary>Reads objects into the same nodes that the server makes of a request, so that templates see no difference.</summary>
internal sealed class JsonObjectConverter : JsonConverter<JsonObject>
{
    /// <inheritdoc/>
    public override JsonObject Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonNodes.ObjectOf(JsonElement.ParseValue(ref reader));

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, JsonObject value, JsonSerializerOptions options) => value.WriteTo(writer, options);
}
