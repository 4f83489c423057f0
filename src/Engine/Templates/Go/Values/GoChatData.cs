using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;

namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>Messages as Ollama's templates see them.</summary>
internal static class GoChatData
{
    private static readonly GoList NoImages = new([]);

    /// <summary>A message: <c>.Role .Content .Thinking .Images .ToolCalls .ToolName .ToolCallID</c>.</summary>
    public static GoStruct Message(ChatMessage message) => new("Message",
    [
        new GoField("Role", "role", message.Role),
        new GoField("Content", "content", message.Content),
        new GoField("Thinking", "thinking", message.Thinking ?? "", OmitsEmpty: true),
        new GoField("Images", "images", NoImages, OmitsEmpty: true),
        new GoField("ToolCalls", "tool_calls", new GoList([.. message.ToolCalls.Select(Call)]), OmitsEmpty: true),
        new GoField("ToolName", "tool_name", message.ToolName ?? "", OmitsEmpty: true),
        new GoField("ToolCallID", "tool_call_id", message.ToolCallId ?? "", OmitsEmpty: true),
    ]);

    /// <summary>Definitions of tools; together and each alone they print as JSON.</summary>
    public static GoList Tools(IReadOnlyList<JsonObject> tools) => new([.. tools.Select(GoToolData.Tool)], GoPrinting.Json) { IsNil = tools.Count == 0 };

    private static GoStruct Call(ToolCall call, int index) => new("ToolCall",
    [
        new GoField("ID", "id", call.Id ?? "", OmitsEmpty: true),
        new GoField("Function", "function", new GoStruct("ToolCallFunction",
        [
            new GoField("Index", "index", (long)index),
            new GoField("Name", "name", call.Name),
            new GoField("Arguments", "arguments", GoJsonValues.Map(call.Arguments, GoPrinting.Json, keepsOrder: true)),
        ])),
    ]);
}
