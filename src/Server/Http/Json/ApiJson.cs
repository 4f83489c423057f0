using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LocalLlm.Server.Creation;
using LocalLlm.Server.Http.Native;
using LocalLlm.Server.Http.OpenAi;
using LocalLlm.Server.Registry;

namespace LocalLlm.Server.Http.Json;

/// <summary>How answers are written: compact, <c>snake_case</c>, nothing for null, escaped as Go does (<see cref="GoJsonEncoder"/>).</summary>
[JsonSerializable(typeof(NativeError))]
[JsonSerializable(typeof(OpenAiError))]
[JsonSerializable(typeof(VersionAnswer))]
[JsonSerializable(typeof(TagsAnswer))]
[JsonSerializable(typeof(PsAnswer))]
[JsonSerializable(typeof(ShowAnswer))]
[JsonSerializable(typeof(CreateProgress))]
[JsonSerializable(typeof(PullEvent))]
[JsonSerializable(typeof(GenerationItem))]
[JsonSerializable(typeof(EmbedAnswer))]
[JsonSerializable(typeof(EmbeddingsAnswer))]
[JsonSerializable(typeof(RerankAnswer))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatCompletionChunk))]
[JsonSerializable(typeof(EmbeddingList))]
[JsonSerializable(typeof(RerankList))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelEntry))]
[JsonSerializable(typeof(JsonObject))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>The instance to write answers with.</summary>
    public static ApiJson Compact { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = GoJsonEncoder.Instance,
    });

    /// <summary>Writes a value as UTF-8.</summary>
    public static void Write<T>(IBufferWriter<byte> output, T value, JsonTypeInfo<T> type)
    {
        using Utf8JsonWriter writer = new(output, new JsonWriterOptions { Encoder = GoJsonEncoder.Instance, SkipValidation = true });
        JsonSerializer.Serialize(writer, value, type);
    }

    /// <summary>Sends a whole answer.</summary>
    public static async Task SendAsync<T>(HttpContext context, int status, T value, JsonTypeInfo<T> type)
    {
        ArrayBufferWriter<byte> body = new();
        Write(body, value, type);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = body.WrittenCount;
        await context.Response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }

    /// <summary>Sends an answer with status 200 while it is being written: thousands of vectors never stand in memory as text.</summary>
    public static Task StreamAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        return JsonSerializer.SerializeAsync(context.Response.BodyWriter, value, type, context.RequestAborted);
    }

    /// <summary>Sends a whole answer with status 200.</summary>
    public static Task SendAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type) =>
        SendAsync(context, StatusCodes.Status200OK, value, type);
}
