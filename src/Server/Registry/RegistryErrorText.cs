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
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? MessageOf(JsonElement error) =>
        error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out JsonElement message) && message.ValueKind == JsonValueKind.String ? message.GetString() : null;
}
