using System.Text.Json.Nodes;

namespace LocalLlm.Engine.Chat;

/// <summary>One turn of a conversation, as chat templates see it.</summary>
public sealed record ChatMessage
{
    /// <summary><c>system</c>, <c>user</c>, <c>assistant</c>, <c>tool</c>, or what else the template knows.</summary>
    public required string Role { get; init; }

    /// <summary>The text; empty beside tool calls.</summary>
    public string Content { get; init; } = "";

    /// <summary>What the assistant thought before this answer; null if nothing.</summary>
    public string? Thinking { get; init; }

    /// <summary>Calls that the assistant made in this turn.</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>For role <c>tool</c>: the name of the tool whose result this is, if known.</summary>
    public string? ToolName { get; init; }

    /// <summary>For role <c>tool</c>: the call that this answers, if known.</summary>
    public string? ToolCallId { get; init; }
}

/// <summary>A call of a tool by the assistant.</summary>
/// <param name="Id">Identifier that a tool result refers to; null if the client gave none.</param>
/// <param name="Name">The function's name.</param>
/// <param name="Arguments">The arguments, in the order in which they were written.</param>
public sealed record ToolCall(string? Id, string Name, JsonObject Arguments);
