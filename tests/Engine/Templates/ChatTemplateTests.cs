using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Templates;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Templates;

/// <summary>Conversations through chat templates.</summary>
public class ChatTemplateTests
{
    private const string ChatMl =
        "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    private static readonly string Qwen3 = File.ReadAllText(RepoPaths.Vector("chat", "qwen3.jinja"));
    private static readonly string[] GoldenLines = File.ReadAllLines(RepoPaths.Vector("chat", "qwen3.jsonl"));

    public static TheoryData<int> GoldenNumbers => [.. Enumerable.Range(0, GoldenLines.Length)];

    [Fact]
    public void There_are_eighteen_golden_conversations() => Assert.Equal(18, GoldenLines.Length);

    [Theory]
    [MemberData(nameof(GoldenNumbers))]
    public void Qwen3s_template_renders_golden_conversations(int number)
    {
        JsonObject golden = JsonNode.Parse(GoldenLines[number])!.AsObject();
        ChatTemplate template = new(Qwen3, "", "<|im_end|>");
        ChatMessage[] messages = [.. golden["messages"]!.AsArray().Select(ChatMessages.Parse)];
        JsonObject[] tools = [.. (golden["tools"]?.AsArray() ?? []).Select(tool => tool!.AsObject())];
        string actual = template.Render(messages, tools, (bool)golden["add_generation_prompt"]!, (bool?)golden["enable_thinking"]);
        Assert.Equal((string?)golden["expected"], actual);
    }

    [Fact]
    public void Only_keys_with_something_to_say_are_there()
    {
        ChatTemplate template = new("{% for message in messages %}{{ message | tojson }}\n{% endfor %}", "", "");
        ChatMessage[] messages =
        [
            new() { Role = "user", Content = "a" },
            new() { Role = "assistant", Content = "b", Thinking = "t", ToolCalls = [new("id1", "f", new JsonObject { ["z"] = 1, ["a"] = 2.5 }), new(null, "g", [])] },
            new() { Role = "tool", Content = "r", ToolName = "f", ToolCallId = "id1" },
        ];
        Assert.Equal(
            """
            {"role": "user", "content": "a"}
            {"role": "assistant", "content": "b", "reasoning_content": "t", "tool_calls": [{"type": "function", "id": "id1", "function": {"name": "f", "arguments": {"z": 1, "a": 2.5}}}, {"type": "function", "function": {"name": "g", "arguments": {}}}]}
            {"role": "tool", "content": "r", "name": "f", "tool_call_id": "id1"}

            """,
            template.Render(messages, [], false, null));
    }

    [Theory]
    [InlineData(null, "- -")]
    [InlineData(true, "True True")]
    [InlineData(false, "False False")]
    public void Whether_to_think_is_defined_only_if_asked(bool? think, string expected)
    {
        ChatTemplate template = new("{{ enable_thinking | default('-') }} {{ thinking | default('-') }}", "", "");
        Assert.Equal(expected, template.Render([], [], true, think));
    }

    [Fact]
    public void Tools_and_documents_are_none_without_any_and_tokens_are_text()
    {
        ChatTemplate template = new("{{ tools is none }}{{ documents is none }}{{ bos_token }}{{ eos_token }}{{ add_generation_prompt }}", "<s>", "</s>");
        Assert.Equal("TrueTrue<s></s>True", template.Render([], [], true, null));
    }

    [Fact]
    public void Templates_cannot_change_the_callers_data()
    {
        ChatTemplate template = new("{% set _ = tools[0].update({'x': 1}) %}{% set _ = messages[0].pop('role') %}{{ tools[0].x }}", "", "");
        JsonObject tool = new() { ["name"] = "f" };
        ChatMessage[] messages = [new() { Role = "user", Content = "a" }];
        Assert.Equal("1", template.Render(messages, [tool], true, null));
        Assert.Equal("1", template.Render(messages, [tool], true, null));
        Assert.Equal("""{"name":"f"}""", tool.ToJsonString());
    }

    [Fact]
    public void The_date_comes_from_the_clock() =>
        Assert.Equal("07 Mar 2026", new ChatTemplate("{{ strftime_now('%d %b %Y') }}", "", "", RenderingCase.Clock).Render([], [], true, null));

    [Fact]
    public void A_refusal_is_in_the_templates_words()
    {
        ChatTemplate template = new("{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}", "", "");
        JinjaException exception = Assert.Throws<JinjaException>(() => template.Render([new() { Role = "system", Content = "x" }], [], true, null));
        Assert.True(exception.RaisedByTemplate);
        Assert.Equal("System role not supported", exception.Message);
    }

    [Theory]
    [InlineData("{{ tools }}", true)]
    [InlineData("{{ message.tool_calls }}", true)]
    [InlineData("{{ messages[0].content }}", false)]
    public void Support_of_tools_is_seen_in_the_text(string source, bool expected) =>
        Assert.Equal(expected, new ChatTemplate(source, "", "").SupportsTools);

    [Theory]
    [InlineData("<think></think>", true)]
    [InlineData("{{ content.split('</think>')[-1] }}", true)]
    [InlineData("{{ reasoning_content }}</think>", false)]
    [InlineData("<|channel|>analysis<|message|>", true)]
    [InlineData("{{ messages[0].content }}", false)]
    public void Support_of_thinking_is_seen_in_the_text(string source, bool expected) =>
        Assert.Equal(expected, new ChatTemplate(source, "", "").SupportsThinking);

    [Theory]
    [InlineData("The answer is", "The answer is")]
    [InlineData("ends with a space ", "ends with a space ")]
    [InlineData("", "")]
    [InlineData("a<|im_end|>b", "a<|im_end|>b")]
    [InlineData("\uE000\uE001 private", "\uE000\uE001 private")]
    public void A_last_assistant_message_is_continued(string content, string expected)
    {
        ChatMessage[] messages = [new() { Role = "user", Content = "q" }, new() { Role = "assistant", Content = content }];
        Assert.Equal(
            $"<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n{expected}",
            new ChatTemplate(ChatMl, "", "").RenderPrompt(messages, [], null));
    }

    [Fact]
    public void A_continued_message_is_trimmed_where_the_template_trims()
    {
        ChatTemplate template = new("{% for m in messages %}[{{ m.content | trim }}]{% endfor %}", "", "");
        Assert.Equal("[x][a b", template.RenderPrompt([new() { Role = "user", Content = " x " }, new() { Role = "assistant", Content = " a b \n" }], [], null));
    }

    [Fact]
    public void Qwen3_continues_behind_an_empty_thought()
    {
        ChatMessage[] messages = [new() { Role = "user", Content = "q" }, new() { Role = "assistant", Content = "The answer" }];
        Assert.Equal(
            "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\nThe answer",
            new ChatTemplate(Qwen3, "", "").RenderPrompt(messages, [], null));
    }

    [Fact]
    public void Other_last_messages_are_answered()
    {
        ChatTemplate template = new(ChatMl, "", "");
        Assert.False(ChatTemplate.Continues([]));
        Assert.Equal("<|im_start|>assistant\n", template.RenderPrompt([], [], null));
        Assert.EndsWith("<|im_start|>assistant\n", template.RenderPrompt([new() { Role = "user", Content = "q" }], [], null), StringComparison.Ordinal);
        Assert.False(ChatTemplate.Continues([new() { Role = "assistant", ToolCalls = [new(null, "f", [])] }]));
    }

    [Fact]
    public void A_message_that_is_not_printed_cannot_be_continued()
    {
        ChatTemplate template = new("{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}", "", "");
        TextEngineException exception = Assert.Throws<TextEngineException>(() =>
            template.RenderPrompt([new() { Role = "user", Content = "q" }, new() { Role = "assistant", Content = "a" }], [], null));
        Assert.Equal(TextEngineErrorKind.Unsupported, exception.Kind);
    }

    [Theory]
    [InlineData("{% for c in m.tool_calls %}{{ c.function.name }}{{ c.function.arguments | tojson }}{{ m.content | length }}{% endfor %}", "f{\"x\": 1}0")]
    [InlineData("{% if m.content is none %}{% for c in m.tool_calls %}{{ c.function.name + c.function.arguments }}{% endfor %}{% else %}text{% endif %}", "f{\"x\": 1}")]
    [InlineData("{% if 'content' not in m %}{% for c in m.tool_calls %}{{ c.function.name }}{{ c.function.arguments | tojson }}{% endfor %}{% endif %}", "f{\"x\": 1}")]
    [InlineData("{% for c in m.tool_calls %}{{ c.function.name }}{{ c.function.arguments }}{% endfor %}", "f{\"x\": 1}")]
    [InlineData("{% for c in m.tool_calls %}{{ c.function.name }}{% for k, v in c.function.arguments.items() %}<{{ k }}>{{ v }}</{{ k }}>{% endfor %}{% endfor %}", "f<x>1</x>")]
    [InlineData("no calls", "no calls")]
    public void Tool_calls_are_written_as_the_template_reads_them(string body, string expected)
    {
        ChatTemplate template = new("{% for m in messages if m.role == 'assistant' %}" + body + "{% endfor %}", "", "");
        ChatMessage call = new() { Role = "assistant", ToolCalls = [new(null, "f", new JsonObject { ["x"] = 1 })] };
        Assert.Equal(expected, template.Render([new() { Role = "user", Content = "q" }, call], [], false, null));
    }

    [Fact]
    public void Thoughts_go_where_gpt_oss_reads_them()
    {
        ChatTemplate template = new("{% for m in messages %}{{ message.thinking if false else m.thinking }}{% endfor %}", "", "");
        Assert.Equal("hm", template.Render([new() { Role = "assistant", Content = "a", Thinking = "hm" }], [], false, null));
    }
}
