using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LocalLlm.Server.Runners.Wire;

/// <summary>Writes vectors as base64 of their float32 values, in the byte order of the machine that both sides run on: numbers as text take longer than short texts to embed.</summary>
internal sealed class VectorConverter : JsonConverter<float[]>
{
    /// <inheritdoc/>
    public override float[] Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        MemoryMarshal.Cast<byte, float>(reader.GetBytesFromBase64()).ToArray();

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, float[] value, JsonSerializerOptions options) =>
        writer.WriteBase64StringValue(MemoryMarshal.AsBytes<float>(value));
}
