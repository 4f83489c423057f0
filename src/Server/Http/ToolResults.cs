using LocalLlm.Engine.Chat;

namespace LocalLlm.Server.Http;

/// <summary>Finds out which call each tool result answers: some clients name the tool, some the call, some neither and rely on the order.</summary>
internal static class ToolResults
{
    /// <summary>The conversation with the names and ids of tool results filled in where they can be known.</summary>
    public static IReadOnlyList<ChatMessage> Match(IReadOnlyList<ChatMessage> messages)
    {
        List<ChatMessage> matched = new(messages.Count);
        List<ToolCall> unanswered = [];
        foreach (ChatMessage message in messages)
        {
            if (message.ToolCalls.Count > 0)
            {
                unanswered = [.. message.ToolCalls];
            }
            ToolCall? call = message.Role == "tool" ? CallOf(message, unanswered, matched) : null;
            if (call is null)
            {
                matched.Add(message);
                continue;
            }
            unanswered.Remove(call);
            matched.Add(message with { ToolName = message.ToolName ?? call.Name, ToolCallId = message.ToolCallId ?? call.Id });
        }
        return matched;
    }

    private static ToolCall? CallOf(ChatMessage result, List<ToolCall> unanswered, List<ChatMessage> before)
    {
        if (result.ToolCallId is { } id)
        {
            return unanswered.Find(call => call.Id == id)
                ?? before.AsEnumerable().Reverse().SelectMany(message => message.ToolCalls).FirstOrDefault(call => call.Id == id);
        }
        return result.ToolName is { } name ? unanswered.Find(call => call.Name == name) : unanswered.FirstOrDefault();
    }
}
