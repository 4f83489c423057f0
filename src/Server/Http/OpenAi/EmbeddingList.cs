using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LocalLlm.Server.Http.OpenAi;

/// <summary>Answer of <c>/v1/embeddings</c>.</summary>
/// <param name="Data">One for each input, in their order.</param>
/// <param name="Model">The model's name as the client wrote it.</param>
/// <param name="Usage">Token counts.</param>
internal sealed record EmbeddingList(IReadOnlyList<EmbeddingEntry> Data, string Model, EmbeddingUsage Usage)
{
    /// <summary>Always <c>list</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "list";
}

/// <summary>The embedding of one input.</summary>
/// <param name="Embedding">The vector.</param>
/// <param name="Index">The input's number, from 0.</param>
internal sealed record EmbeddingEntry(EmbeddingVector Embedding, int Index)
{
    /// <summary>Always <c>embedding</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "embedding";
}

/// <summary>Token counts of an embedding request.</summary>
/// <param name="PromptTokens">Of all inputs.</param>
/// <param name="TotalTokens">The same again.</param>
internal sealed record EmbeddingUsage(int PromptTokens, int TotalTokens);

/// <summary>A vector, and whether it is written as an array of numbers or as base64 of its little-endian float32 values.</summary>
/// <param name="Values">The vector.</param>
/// <param name="AsBase64">How it is written.</param>
[JsonConverter(typeof(EmbeddingVectorConverter))]
internal readonly record struct EmbeddingVector(float[] Values, bool AsBase64);

/// <summary>Writes an <see cref="EmbeddingVector"/>.</summary>
internal sealed class EmbeddingVectorConverter : JsonConverter<EmbeddingVector>
{
    /// <summary>Vectors are never read.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override EmbeddingVector Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("Embeddings are answers: they are written, never read.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, EmbeddingVector value, JsonSerializerOptions options)
    {
        if (value.AsBase64)
        {
            byte[] bytes = new byte[value.Values.Length * sizeof(float)];
            for (int i = 0; i < value.Values.Length; i++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), value.Values[i]);
            }
            writer.WriteBase64StringValue(bytes);
            return;
        }
        writer.WriteStartArray();
        foreach (float component in value.Values)
        {
            writer.WriteNumberValue(component);
        }
        writer.WriteEndArray();
    }
}
