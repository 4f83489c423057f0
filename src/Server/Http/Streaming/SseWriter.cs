using System.Buffers;
using System.Text.Json.Serialization.Metadata;
using LocalLlm.Server.Http.Json;

namespace LocalLlm.Server.Http.Streaming;

/// <summary>
/// Streams server-sent events that carry one JSON object each, sent at once: the framing of OpenAI's API. Headers go out with the first event.
/// </summary>
/// <param name="response">Where to.</param>
internal sealed class SseWriter(HttpResponse response)
{
    /// <summary>The content type of such streams.</summary>
    public const string ContentType = "text/event-stream";

    /// <summary>Sends one event.</summary>
    public Task WriteAsync<T>(T item, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        Begin();
        ApiJson.Write(response.BodyWriter, item, type);
        return EndAsync(cancellationToken);
    }

    /// <summary>Sends <c>[DONE]</c>, which readers written by hand wait for.</summary>
    public Task WriteDoneAsync(CancellationToken cancellationToken)
    {
        Begin();
        response.BodyWriter.Write("[DONE]"u8);
        return EndAsync(cancellationToken);
    }

    private void Begin()
    {
        if (!response.HasStarted)
        {
            response.ContentType = ContentType;
            response.Headers.CacheControl = "no-cache";
        }
        response.BodyWriter.Write("data: "u8);
    }

    private async Task EndAsync(CancellationToken cancellationToken)
    {
        response.BodyWriter.Write("\n\n"u8);
        await response.BodyWriter.FlushAsync(cancellationToken);
    }
}
