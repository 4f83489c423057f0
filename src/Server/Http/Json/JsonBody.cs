using System.Text.Json;

namespace LocalLlm.Server.Http.Json;

/// <summary>Reads request bodies the way clients of Ollama count on.</summary>
internal static class JsonBody
{
    /// <summary>Deeper nesting than any JSON Schema in use; a bound, so that hostile input cannot exhaust the stack of whoever walks it.</summary>
    private const int MaxDepth = 256;

    /// <summary>
    /// The first JSON value of the body as an object. The content type is not looked at (curl, litellm and <c>requests</c> send none or
    /// a wrong one), bytes after the value are ignored, and <c>null</c> counts as an object without fields.
    /// </summary>
    /// <exception cref="RequestException">400: the body is empty, is no JSON, or is no object.</exception>
    public static async Task<JsonFields> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using MemoryStream body = new();
        await request.Body.CopyToAsync(body, cancellationToken);
        return Parse(body.GetBuffer().AsSpan(0, (int)body.Length));
    }

    /// <summary>The first JSON value of <paramref name="body"/>, UTF-8, as <see cref="ReadAsync"/> says.</summary>
    public static JsonFields Parse(ReadOnlySpan<byte> body)
    {
        ReadOnlySpan<byte> byteOrderMark = [0xEF, 0xBB, 0xBF];
        if (body.StartsWith(byteOrderMark))
        {
            body = body[byteOrderMark.Length..];
        }
        if (body.Trim(" \t\r\n"u8).IsEmpty)
        {
            throw new RequestException(StatusCodes.Status400BadRequest, "missing request body");
        }
        Utf8JsonReader reader = new(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            return new JsonFields(JsonElement.ParseValue(ref reader), "");
        }
        catch (JsonException exception)
        {
            throw new RequestException(StatusCodes.Status400BadRequest, $"the request body is not valid JSON: {exception.Message}");
        }
    }
}
