using System.Text.Json;

namespace LocalLlm.Server.Registry;

/// <summary>What a registry says of an error, in one line.</summary>
internal static class RegistryErrorText
{
    /// <summary>
    /// The sentence in a body: of <c>{"error":"..."}</c> as Hugging Face writes it, of <c>{"errors":[{"message":"..."}]}</c> as Docker's registry does; else the body
    /// itself.
    /// </summary>
    public static string Of(string body) => string.Join(' ', (FromJson(body) ?? body).Split(default(char[]), StringSplitOptions.RemoveEmptyEntries));

    private static string? FromJson(string body)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
            {
                return null;
            }
            if (json.RootElement.TryGetProperty("error", out JsonElement error) && error.ValueKind == JsonValueKind.String)
            {
                return error.GetString();
            }
            return json.RootElement.TryGetProperty("errors", out JsonElement errors) && errors.ValueKind == JsonValueKind.Array
                ? string.Join("; ", errors.EnumerateArray().Select(MessageOf).OfType<string>()) is { Length: > 0 } text ? text : null
                : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException) // half a surrogate pair is no text
        {
            return null;
        }
    }

    private static string? MessageOf(JsonElement error) => (Text(error, "message"), Text(error, "detail")) switch
    {
        (null, _) => null,
        ({ } message, { } detail) => $"{message}: {detail}", // the message alone is often "unknown error"
        ({ } message, _) => message,
    };

    private static string? Text(JsonElement error, string name) =>
        error.ValueKind == JsonValueKind.Object && error.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
