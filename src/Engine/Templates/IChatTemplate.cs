using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;

namespace LocalLlm.Engine.Templates;

/// <summary>Turns a conversation into the text that a model was trained to continue, in whichever template language. Safe to use from many threads.</summary>
public interface IChatTemplate
{
    /// <summary>The template's text.</summary>
    string Source { get; }

    /// <summary>Whether the template does something with tools or tool calls.</summary>
    bool SupportsTools { get; }

    /// <summary>Whether the template says how the model thinks before it answers.</summary>
    bool SupportsThinking { get; }

    /// <summary>Renders a conversation up to where the model shall go on: behind the last message's text if that is the assistant's, else at the start of the assistant's next message.</summary>
    /// <param name="messages">Its messages.</param>
    /// <param name="tools">Definitions of tools that the model may call, in OpenAI's JSON form.</param>
    /// <param name="think">Whether the model shall think; null leaves it to the template.</param>
    /// <exception cref="TemplateException">The template failed, or refused the conversation.</exception>
    /// <exception cref="TextEngineException">The template doesn't print the message to continue.</exception>
    string RenderPrompt(IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonObject> tools, bool? think);
}
