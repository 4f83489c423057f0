using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;

namespace LocalLlm.Engine.Tests.Templates;

/// <summary>Reads messages as test data writes them.</summary>
internal static class ChatMessages
{
    /// <summary>A message in the form of OpenAI's API.</summary>
    public static ChatMessage Parse(JsonNode? message) => new()
    {
        Role = (string)message!["role"]!,
        Content = (string?)message["content"] ?? "",
        Thinking = (string?)message["reasoning_content"],
        ToolCalls = [.. (message["tool_calls"]?.AsArray() ?? []).Select(ParseCall)],
        ToolName = (string?)message["name"],
        ToolCallId = (string?)message["tool_call_id"],
    };

    private static ToolCall ParseCall(JsonNode? call)
    {
        JsonNode function = call!["function"]!;
        JsonNode arguments = function["arguments"]!;
        JsonNode parsed = arguments is JsonValue ? JsonNode.Parse((string)arguments!)! : arguments.DeepClone();
        return new ToolCall((string?)call["id"], (string)function["name"]!, parsed.AsObject());
    }
}
