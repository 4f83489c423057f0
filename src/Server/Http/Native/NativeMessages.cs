using LocalLlm.Engine.Chat;
using LocalLlm.Server.Http.Json;

namespace LocalLlm.Server.Http.Native;

/// <summary>Reads conversations of the native API.</summary>
internal static class NativeMessages
{
    /// <summary>The <c>messages</c> of a request; roles are lower-cased and otherwise left to the template.</summary>
    /// <exception cref="RequestException">400: a message is malformed or holds images.</exception>
    public static IReadOnlyList<ChatMessage> Read(JsonFields body) =>
        ToolResults.Match([.. body.Objects("messages").Select(ReadMessage)]);

    private static ChatMessage ReadMessage(JsonFields message)
    {
        RequestFields.RefuseImages(message);
        return new ChatMessage
        {
            Role = (message.String("role") ?? "").ToLowerInvariant(),
            Content = message.String("content") ?? "",
            Thinking = message.String("thinking"),
            ToolCalls = [.. message.Objects("tool_calls").Select(ReadCall)],
            ToolName = message.String("tool_name") ?? message.String("name"), // tutorials write "name"
            ToolCallId = message.String("tool_call_id"),
        };
    }

    private static ToolCall ReadCall(JsonFields call)
    {
        JsonFields? function = call.Object("function");
        return new ToolCall(
            call.String("id"),
            function?.String("name") ?? "",
            function?.Object("arguments") is { } arguments ? JsonNodes.ObjectOf(arguments.Element) : []);
    }
}
