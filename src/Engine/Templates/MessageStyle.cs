using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;

namespace LocalLlm.Engine.Templates;

/// <summary>What a template is given for the text of a message that has none, only tool calls.</summary>
internal enum EmptyContent
{
    /// <summary>Empty text.</summary>
    Text,

    /// <summary><c>none</c>, as OpenAI's API has it.</summary>
    None,

    /// <summary>No <c>content</c> at all.</summary>
    Absent,
}

/// <summary>
/// How messages are written for a template. Templates disagree on it: most want a call's arguments as an object and bear empty text beside
/// it, but DeepSeek's, for one, prints calls only where the content is <c>none</c>, and arguments only if they are JSON text.
/// </summary>
/// <param name="EmptyContent">The content of a message that has only tool calls.</param>
/// <param name="ArgumentsAsText">Whether arguments are JSON text instead of an object.</param>
/// <param name="ThinkingKey">Under which name the template reads what was thought.</param>
internal sealed record MessageStyle(EmptyContent EmptyContent, bool ArgumentsAsText, string ThinkingKey)
{
    private static readonly JinjaTemplate JsonText = JinjaTemplate.Parse("{{ arguments | tojson }}");

    /// <summary>A tool for trying templates with, because some print calls only beside tools.</summary>
    private static readonly JsonObject ProbeTool = JsonNode.Parse(
        """{"type": "function", "function": {"name": "another", "description": "", "parameters": {"type": "object", "properties": {}}}}""")!.AsObject();

    /// <summary>Renders a conversation in a style.</summary>
    public delegate string Renderer(IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonObject> tools, bool addGenerationPrompt, bool? think, MessageStyle style);

    /// <summary>The style of a template that was not tried: empty text, arguments as an object.</summary>
    public static MessageStyle Default(string source)
    {
        // gpt-oss is the one that reads "thinking" and knows no reasoning_content.
        bool readsThinking = source.Contains("message.thinking", StringComparison.Ordinal) && !source.Contains("reasoning_content", StringComparison.Ordinal);
        return new MessageStyle(EmptyContent.Text, ArgumentsAsText: false, readsThinking ? "thinking" : "reasoning_content");
    }

    /// <summary>Finds the first style in which a template prints a tool call, arguments included. If none does, the default.</summary>
    public static MessageStyle Detect(string source, Renderer render)
    {
        MessageStyle style = Default(source);
        foreach (bool asText in new[] { false, true })
        {
            foreach (EmptyContent content in Enum.GetValues<EmptyContent>())
            {
                MessageStyle candidate = style with { EmptyContent = content, ArgumentsAsText = asText };
                if (PrintsCall(candidate, render))
                {
                    return candidate;
                }
            }
        }
        return style;
    }

    /// <summary>A message as templates read it. Only keys with something to say are there, in the order in which transformers' users write them.</summary>
    public IReadOnlyDictionary<string, object?> Write(ChatMessage message)
    {
        OrderedDictionary<string, object?> result = new() { ["role"] = message.Role };
        bool isCallOnly = message.Content.Length == 0 && message.ToolCalls.Count > 0;
        if (!isCallOnly || EmptyContent != EmptyContent.Absent)
        {
            result["content"] = isCallOnly && EmptyContent == EmptyContent.None ? null : message.Content;
        }
        if (message.Thinking is not null)
        {
            result[ThinkingKey] = message.Thinking;
        }
        if (message.ToolCalls.Count > 0)
        {
            result["tool_calls"] = message.ToolCalls.Select(Write).ToList();
        }
        if (message.ToolName is not null)
        {
            result["name"] = message.ToolName;
        }
        if (message.ToolCallId is not null)
        {
            result["tool_call_id"] = message.ToolCallId;
        }
        return result;
    }

    private OrderedDictionary<string, object?> Write(ToolCall call)
    {
        OrderedDictionary<string, object?> result = new() { ["type"] = "function" };
        if (call.Id is not null)
        {
            result["id"] = call.Id;
        }
        result["function"] = new OrderedDictionary<string, object?>
        {
            ["name"] = call.Name,
            ["arguments"] = ArgumentsAsText ? WriteJson(call.Arguments) : call.Arguments,
        };
        return result;
    }

    /// <summary>JSON as Python writes it, which is how templates print objects themselves.</summary>
    private static string WriteJson(JsonObject arguments) => JsonText.Render(new Dictionary<string, object?> { ["arguments"] = arguments });

    private static bool PrintsCall(MessageStyle style, Renderer render)
    {
        // An identifier of nine letters, because Mistral's templates insist on that.
        JsonObject arguments = new() { ["probe_key"] = "probe_value" };
        ChatMessage call = new() { Role = "assistant", ToolCalls = [new ToolCall("probecall", "probe_function", arguments)] };
        try
        {
            string text = render([new ChatMessage { Role = "user", Content = "probe" }, call], [ProbeTool], false, null, style);
            return text.Contains("probe_function", StringComparison.Ordinal)
                && text.Contains("probe_value", StringComparison.Ordinal)
                && !text.Contains("'probe_key'", StringComparison.Ordinal) // an object printed as Python would
                && !text.Contains("\\\"probe_key", StringComparison.Ordinal); // JSON within JSON
        }
        catch (JinjaException)
        {
            // A template that fails on a style doesn't want it.
            return false;
        }
    }
}
