using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Native;

namespace LocalLlm.Server.Http.OpenAi;

/// <summary>Reads conversations of OpenAI's API.</summary>
internal static class CompletionMessages
{
    /// <summary>The <c>messages</c> of a request. The role <c>developer</c> is OpenAI's newer word for <c>system</c>, which is what templates know.</summary>
    /// <exception cref="RequestException">400: there is none, one is malformed, or one holds an image or sound.</exception>
    public static IReadOnlyList<ChatMessage> Read(JsonFields body)
    {
        IReadOnlyList<JsonFields> messages = body.Objects("messages");
        return messages.Count > 0
            ? ToolResults.Match([.. messages.Select(ReadMessage)])
            : throw RequestException.BadRequest("[] is too short - 'messages'");
    }

    private static ChatMessage ReadMessage(JsonFields message)
    {
        string role = (message.String("role") ?? "").ToLowerInvariant();
        return new ChatMessage
        {
            Role = role == "developer" ? "system" : role,
            Content = ContentOf(message),
            Thinking = message.String("reasoning"),
            ToolCalls = [.. message.Objects("tool_calls").Select(ReadCall)],
            ToolName = role == "tool" ? message.String("name") : null,
            ToolCallId = message.String("tool_call_id"),
        };
    }

    /// <summary>A text, or a list of parts whose texts stay one message.</summary>
    private static string ContentOf(JsonFields message)
    {
        if (message.Any("content") is not { ValueKind: JsonValueKind.Array })
        {
            return message.String("content") ?? "";
        }
        StringBuilder text = new();
        foreach (JsonFields part in message.Objects("content"))
        {
            string type = part.String("type") ?? "";
            text.Append(type switch
            {
                "text" => part.String("text"),
                "image_url" => throw RequestFields.Images(),
                "input_audio" => throw RequestException.BadRequest("this model does not support audio"),
                _ => throw RequestException.BadRequest($"{message.PathOf("content")} has a part of unknown type \"{type}\""),
            });
        }
        return text.ToString();
    }

    private static ToolCall ReadCall(JsonFields call)
    {
        JsonFields? function = call.Object("function");
        return new ToolCall(call.String("id"), function?.String("name") ?? "", ArgumentsOf(function?.String("arguments")));
    }

    /// <summary>Arguments travel as JSON text here; no text means no arguments.</summary>
    private static JsonObject ArgumentsOf(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return [];
        }
        try
        {
            using JsonDocument arguments = JsonDocument.Parse(text);
            return arguments.RootElement.ValueKind == JsonValueKind.Object
                ? JsonNodes.ObjectOf(arguments.RootElement.Clone())
                : throw RequestException.BadRequest("invalid tool call arguments");
        }
        catch (JsonException)
        {
            throw RequestException.BadRequest("invalid tool call arguments");
        }
    }
}
