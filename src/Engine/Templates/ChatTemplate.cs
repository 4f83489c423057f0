using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;

namespace LocalLlm.Engine.Templates;

/// <summary>
/// A model's chat template: turns a conversation into the text that the model was trained to continue. It sees what transformers passes
/// (<c>messages</c>, <c>tools</c>, <c>documents</c>, <c>add_generation_prompt</c>, <c>bos_token</c>, <c>eos_token</c>), and
/// <c>enable_thinking</c> only if the caller says whether to think. Safe to use from many threads.
/// </summary>
public sealed class ChatTemplate : IChatTemplate
{
    private readonly JinjaTemplate _template;
    private readonly string _bosToken;
    private readonly string _eosToken;
    private readonly TimeProvider? _clock;
    private readonly Lazy<MessageStyle> _style;

    /// <summary>Reads a template.</summary>
    /// <param name="source">Its Jinja2 text, as in a GGUF's <c>tokenizer.chat_template</c>.</param>
    /// <param name="bosToken">Text of the token that begins a sequence; empty if the model has none.</param>
    /// <param name="eosToken">Text of the token that ends a sequence; empty if the model has none.</param>
    /// <param name="clock">The clock of templates that write the date; null for the system's.</param>
    /// <param name="limits">What a rendering may use; null for <see cref="TemplateLimits.Default"/>.</param>
    /// <exception cref="JinjaException">It is no valid template.</exception>
    public ChatTemplate(string source, string bosToken, string eosToken, TimeProvider? clock = null, TemplateLimits? limits = null)
    {
        Source = source;
        _template = JinjaTemplate.Parse(source, limits);
        _bosToken = bosToken;
        _eosToken = eosToken;
        _clock = clock;
        _style = new Lazy<MessageStyle>(() => MessageStyle.Detect(source, Render));
    }

    /// <summary>The template's text.</summary>
    public string Source { get; }

    /// <summary>Whether the template does something with tools or tool calls.</summary>
    public bool SupportsTools => Source.Contains("tools", StringComparison.Ordinal) || Source.Contains("tool_call", StringComparison.Ordinal);

    /// <summary>
    /// Whether the model thinks before it answers: the template writes or cuts out <c>&lt;think&gt;...&lt;/think&gt;</c>, or has the
    /// analysis channel of the harmony format (gpt-oss).
    /// </summary>
    public bool SupportsThinking =>
        (Source.Contains("</think>", StringComparison.Ordinal)
            && (Source.Contains("<think>", StringComparison.Ordinal) || !Source.Contains("reasoning_content", StringComparison.Ordinal)))
        || Source.Contains("<|channel|>analysis", StringComparison.Ordinal);

    /// <summary>Whether the next answer continues the last message instead of being one of its own: it is the assistant's, and no tool call.</summary>
    public static bool Continues(IReadOnlyList<ChatMessage> messages) =>
        messages.Count > 0 && messages[^1] is { Role: "assistant", ToolCalls.Count: 0 };

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">Its messages.</param>
    /// <param name="tools">Definitions of tools that the model may call, in OpenAI's JSON form.</param>
    /// <param name="addGenerationPrompt">Ends with what begins the assistant's next message.</param>
    /// <param name="think">Whether the model shall think; null leaves it to the template.</param>
    /// <exception cref="JinjaException">The template failed, or refused the conversation in its own words.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonObject> tools, bool addGenerationPrompt, bool? think)
    {
        // Detecting the style takes renderings; only messages that can be written in several ways need it.
        MessageStyle style = messages.Any(message => message.ToolCalls.Count > 0) ? _style.Value : MessageStyle.Default(Source);
        return Render(messages, tools, addGenerationPrompt, think, style);
    }

    /// <summary>
    /// Renders a conversation up to where the model shall go on: behind the last message's text if <see cref="Continues"/> says so, else
    /// at the start of the assistant's next message.
    /// </summary>
    /// <param name="messages">Its messages.</param>
    /// <param name="tools">Definitions of tools that the model may call, in OpenAI's JSON form.</param>
    /// <param name="think">Whether the model shall think; null leaves it to the template.</param>
    /// <exception cref="JinjaException">The template failed, or refused the conversation in its own words.</exception>
    /// <exception cref="TextEngineException">The template doesn't print the message to continue.</exception>
    public string RenderPrompt(IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonObject> tools, bool? think)
    {
        if (!Continues(messages))
        {
            return Render(messages, tools, addGenerationPrompt: true, think);
        }

        // The end of the message is marked, so that it is found whatever the template does to the text before it. Behind the mark stands a
        // space: if that is gone, the template trims messages, and would have trimmed this one.
        string mark = UnusedText(messages);
        ChatMessage marked = messages[^1] with { Content = messages[^1].Content + mark + " " };
        string rendered = Render([.. messages.SkipLast(1), marked], tools, addGenerationPrompt: false, think);
        int end = rendered.LastIndexOf(mark, StringComparison.Ordinal);
        if (end < 0)
        {
            throw CannotContinue();
        }
        bool isTrimmed = !rendered.AsSpan(end + mark.Length).StartsWith(" ");
        string prompt = rendered[..end];
        return isTrimmed ? Library.TextTrimming.StripEnd(prompt, null).ToString() : prompt;
    }

    private string Render(IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonObject> tools, bool addGenerationPrompt, bool? think, MessageStyle style)
    {
        Dictionary<string, object?> variables = new()
        {
            ["messages"] = messages.Select(style.Write).ToList(),
            ["tools"] = tools.Count > 0 ? tools : null,
            ["documents"] = null,
            ["add_generation_prompt"] = addGenerationPrompt,
            ["bos_token"] = _bosToken,
            ["eos_token"] = _eosToken,
        };
        if (think is { } flag)
        {
            // Most templates ask for the first; those of DeepSeek V3.1 and Granite for the second.
            variables["enable_thinking"] = flag;
            variables["thinking"] = flag;
        }
        return _template.Render(variables, _clock);
    }

    /// <summary>The exception for a template that leaves out the message to continue.</summary>
    internal static TextEngineException CannotContinue() =>
        new(TextEngineErrorKind.Unsupported, "The model's chat template does not print a last assistant message, so that it can't be continued; end the conversation with a user message.");

    /// <summary>Text of private characters that no message contains.</summary>
    internal static string UnusedText(IReadOnlyList<ChatMessage> messages)
    {
        string mark = "\uE000\uE001";
        while (messages.Any(message => message.Content.Contains(mark, StringComparison.Ordinal) || message.Thinking?.Contains(mark, StringComparison.Ordinal) == true))
        {
            mark += "\uE001";
        }
        return mark;
    }
}
