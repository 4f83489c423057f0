using LocalLlm.Engine.Chat;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http;

/// <summary>What a model itself puts before a conversation: its system message, unless the conversation brings one, and its messages.</summary>
internal static class Opening
{
    private const string SystemRole = "system";

    /// <summary>A conversation with what its model puts before it; an empty one stays empty, since it only loads the model.</summary>
    public static IReadOnlyList<ChatMessage> Before(IReadOnlyList<ChatMessage> messages, ServedModel model)
    {
        if (messages.Count == 0 || (model.System is null && model.Messages.Count == 0))
        {
            return messages;
        }
        return [.. messages[0].Role == SystemRole ? [] : SystemOf(model, null), .. model.Messages, .. messages];
    }

    /// <summary>The system message of a request, or else the model's; nothing if neither has one.</summary>
    public static IReadOnlyList<ChatMessage> SystemOf(ServedModel model, string? requested) =>
        (requested is { Length: > 0 } ? requested : model.System) is { Length: > 0 } text ? [new ChatMessage { Role = SystemRole, Content = text }] : [];
}
