using System.Buffers;
using System.Text.Json.Serialization.Metadata;
using LocalLlm.Server.Http.Json;

namespace LocalLlm.Server.Http.Streaming;

/// <summary>Streams JSON objects, one a line, each sent at once: the native API's framing. Headers go out with the first item.</summary>
/// <param name="response">Where to.</param>
internal sealed class NdjsonWriter(HttpResponse response)
{
    /// <summary>The content type of such streams.</summary>
    public const string ContentType = "application/x-ndjson";

    /// <summary>Sends one item.</summary>
    public async Task WriteAsync<T>(T item, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        if (!response.HasStarted)
        {
            response.ContentType = ContentType;
        }
        ApiJson.Write(response.BodyWriter, item, type);
        response.BodyWriter.Write("\n"u8);
        await response.BodyWriter.FlushAsync(cancellationToken);
    }
}
