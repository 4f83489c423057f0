using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Templates.Go.Nodes;
using LocalLlm.Engine.Templates.Go.Values;

namespace LocalLlm.Engine.Templates.Go;

/// <summary>
/// A model's chat template in Go's language, as Ollama's models have it in their <c>TEMPLATE</c>. One that mentions <c>.Messages</c> sees the
/// whole conversation. An older one knows <c>.System</c>, <c>.Prompt</c> and <c>.Response</c> only and is rendered turn by turn; the last
/// time it ends with <c>.Response</c>, which is added to a template without.
/// </summary>
public sealed class GoChatTemplate : IChatTemplate
{
    private readonly GoTemplate _template;
    private readonly TimeProvider _clock;

    /// <summary>For templates that are rendered turn by turn: the last turn, up to the answer.</summary>
    private readonly GoSequence _lastTurn;

    /// <summary>Reads a template.</summary>
    /// <param name="source">Its text.</param>
    /// <param name="clock">The clock of templates that write the date; null for the system's.</param>
    /// <param name="limits">What a rendering may use; null for <see cref="TemplateLimits.Default"/>.</param>
    /// <exception cref="GoTemplateException">It is no valid template.</exception>
    public GoChatTemplate(string source, TimeProvider? clock = null, TemplateLimits? limits = null)
    {
        Source = source;
        GoTemplate template = GoTemplate.Parse(source, limits);
        _template = template.Names.Contains("Messages") || template.Names.Contains("Response") ? template : template.With(WithResponse(template.Body));
        _lastTurn = GoCut.AfterResponse(_template.Body);
        _clock = clock ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    public string Source { get; }

    /// <inheritdoc/>
    public bool SupportsTools => _template.Names.Contains("Tools");

    /// <summary>Whether the model can fill in text before a given end: the template knows <c>.Suffix</c>.</summary>
    public bool SupportsInsertion => _template.Names.Contains("Suffix");

    /// <inheritdoc/>
    public bool SupportsThinking => ThinkingTags is not null;

    /// <summary>The texts between which the model writes what it thinks, as far as the template shows them; else null.</summary>
    public (string Open, string Close)? ThinkingTags => GoThinkingTags.Find(_template.Body);

    private bool SeesMessages => _template.Names.Contains("Messages");

    /// <summary>Renders a conversation as Ollama does. Whether a last message of the assistant is continued is up to the template.</summary>
    /// <param name="messages">Its messages.</param>
    /// <param name="tools">Definitions of tools that the model may call, in OpenAI's JSON form.</param>
    /// <param name="think">Whether the model shall think; null if the caller doesn't say.</param>
    /// <exception cref="GoTemplateException">The template failed.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonObject> tools, bool? think)
    {
        List<ChatMessage> merged = Merge(messages);
        return _template.RenderAll(SeesMessages ? [(_template.Body, () => AllMessages(messages, merged, tools, think))] : Turns(merged, think), _clock);
    }

    /// <inheritdoc/>
    public string RenderPrompt(IReadOnlyList<ChatMessage> messages, IReadOnlyList<JsonObject> tools, bool? think)
    {
        if (!ChatTemplate.Continues(messages))
        {
            return Render(messages, tools, think);
        }
        // Many templates leave the last message open themselves. Of the others, what stands behind the message is cut off.
        string mark = ChatTemplate.UnusedText(messages);
        ChatMessage marked = messages[^1] with { Content = messages[^1].Content + mark };
        string rendered = Render([.. messages.SkipLast(1), marked], tools, think);
        int end = rendered.LastIndexOf(mark, StringComparison.Ordinal);
        return end >= 0 ? rendered[..end] : throw ChatTemplate.CannotContinue();
    }

    /// <summary>Renders the prompt for text between a beginning and an end.</summary>
    /// <param name="prompt">What stands before.</param>
    /// <param name="suffix">What stands behind.</param>
    /// <param name="think">Whether the model shall think; null if the caller doesn't say.</param>
    /// <exception cref="GoTemplateException">The template failed.</exception>
    public string RenderInsertion(string prompt, string suffix, bool? think) =>
        _template.Render(Data(think, ("Prompt", prompt), ("Suffix", suffix), ("Response", "")), _clock);

    private static GoMap AllMessages(IReadOnlyList<ChatMessage> messages, List<ChatMessage> merged, IReadOnlyList<JsonObject> tools, bool? think) => Data(
        think,
        ("System", string.Join("\n\n", messages.Where(message => message.Role == "system").Select(message => message.Content))),
        ("Messages", new GoList([.. merged.Select(GoChatData.Message)])),
        ("Tools", GoChatData.Tools(tools)),
        ("Response", ""));

    /// <summary>An older template is rendered once for each turn: a system message, a prompt and an answer, each of which may be missing.</summary>
    private IEnumerable<(GoSequence Body, Func<object?> Data)> Turns(List<ChatMessage> merged, bool? think)
    {
        (string system, string prompt, string response) = ("", "", "");
        foreach (ChatMessage message in merged)
        {
            bool beginsTurn = message.Role switch
            {
                "system" => prompt.Length > 0 || response.Length > 0,
                "user" => response.Length > 0,
                _ => false,
            };
            if (beginsTurn)
            {
                yield return (_template.Body, () => Turn(think, system, prompt, response));
                (system, prompt, response) = ("", "", "");
            }
            switch (message.Role)
            {
                case "system":
                    system = message.Content;
                    break;
                case "user":
                    prompt = message.Content;
                    break;
                case "assistant":
                    response = message.Content;
                    break;
            }
        }
        yield return (_lastTurn, () => Turn(think, system, prompt, response));
    }

    private static GoMap Turn(bool? think, string system, string prompt, string response) =>
        Data(think, ("System", system), ("Prompt", prompt), ("Response", response));

    /// <summary>What every template sees, besides what this rendering is about.</summary>
    private static GoMap Data(bool? think, params ReadOnlySpan<(string Key, object? Value)> entries)
    {
        Dictionary<string, object?> data = new()
        {
            ["Think"] = think ?? false,
            // Who only says that the model shall think gets the middle level.
            ["ThinkLevel"] = think == true ? "medium" : "",
            ["IsThinkSet"] = think is not null,
        };
        foreach ((string key, object? value) in entries)
        {
            data[key] = value;
        }
        return new GoMap(data);
    }

    /// <summary>Consecutive messages of a role as one, with a blank line between their texts; results of tools stay apart.</summary>
    private static List<ChatMessage> Merge(IReadOnlyList<ChatMessage> messages)
    {
        List<ChatMessage> merged = [];
        foreach (ChatMessage message in messages)
        {
            if (merged.Count == 0 || merged[^1].Role != message.Role || message.Role == "tool")
            {
                merged.Add(message);
                continue;
            }
            ChatMessage first = merged[^1];
            merged[^1] = first with
            {
                Content = $"{first.Content}\n\n{message.Content}",
                Thinking = first.Thinking is null || message.Thinking is null ? first.Thinking ?? message.Thinking : $"{first.Thinking}\n\n{message.Thinking}",
                ToolCalls = [.. first.ToolCalls, .. message.ToolCalls],
            };
        }
        return merged;
    }

    private static GoSequence WithResponse(GoSequence body) =>
        new(body.Offset, [.. body.Children, new GoAction(0, new GoPipeline([], false, [new GoCommand(new GoPath(0, null, ["Response"]), [])]))]);
}
