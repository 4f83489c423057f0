using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;

namespace LocalLlm.Engine.Templates;

/// <summary>
/// A model's chat template: turns messages into the text that the model was trained to continue. Variables are those that Hugging Face's
/// transformers passes: <c>messages</c>, <c>tools</c>, <c>add_generation_prompt</c>, <c>bos_token</c>, <c>eos_token</c>, and
/// <c>enable_thinking</c> where the caller decided. Safe to use from many threads.
/// </summary>
public sealed class ChatTemplate
{
    private readonly JinjaTemplate _template;
    private readonly string _bosToken;
    private readonly string _eosToken;

    /// <summary>Reads a template.</summary>
    /// <param name="source">Its Jinja text (<c>tokenizer.chat_template</c>).</param>
    /// <param name="bosToken">Text of the model's begin token; empty if it has none.</param>
    /// <param name="eosToken">Text of the model's end token; empty if it has none.</param>
    /// <exception cref="JinjaException">It is no valid template.</exception>
    public ChatTemplate(string source, string bosToken, string eosToken)
    {
        _template = JinjaTemplate.Parse(source);
        _bosToken = bosToken;
        _eosToken = eosToken;
    }

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">The messages, oldest first.</param>
    /// <param name="tools">Tool definitions; the template sees <c>none</c> if there are none.</param>
    /// <param name="addGenerationPrompt">Ends the text where the assistant is to begin.</param>
    /// <param name="think">Value of <c>enable_thinking</c>; null leaves it undefined.</param>
    /// <exception cref="JinjaException">The template fails, or refuses the messages by <c>raise_exception</c>.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonObject> tools, bool addGenerationPrompt, bool? think)
    {
        var variables = new Dictionary<string, object?>
        {
            ["messages"] = new JsonArray([.. messages.Select(Describe)]),
            ["tools"] = tools.Count == 0 ? null : new JsonArray([.. tools.Select(tool => tool.DeepClone())]),
            ["add_generation_prompt"] = addGenerationPrompt,
            ["bos_token"] = _bosToken,
            ["eos_token"] = _eosToken,
        };
        if (think is bool enabled)
        {
            variables["enable_thinking"] = enabled;
        }
        return _template.Render(variables);
    }

    /// <summary>A message with only the keys that it has, in the order in which they are usually written.</summary>
    private static JsonObject Describe(ChatMessage message)
    {
        var described = new JsonObject { ["role"] = message.Role, ["content"] = message.Content };
        if (message.Thinking is not null)
        {
            described["reasoning_content"] = message.Thinking;
        }
        if (message.ToolCalls.Count > 0)
        {
            described["tool_calls"] = new JsonArray([.. message.ToolCalls.Select(Describe)]);
        }
        if (message.ToolName is not null)
        {
            described["name"] = message.ToolName;
        }
        if (message.ToolCallId is not null)
        {
            described["tool_call_id"] = message.ToolCallId;
        }
        return described;
    }

    private static JsonObject Describe(ToolCall call)
    {
        var described = new JsonObject { ["type"] = "function" };
        if (call.Id is not null)
        {
            described["id"] = call.Id;
        }
        described["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments.DeepClone() };
        return described;
    }
}
