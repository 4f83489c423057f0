using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Templates;
using LocalLlm.Engine.Templates.Go;

namespace LocalLlm.Engine.Tests.Templates.Go;

/// <summary>Conversations as Ollama's templates see them, beyond what is compared with Go.</summary>
public class GoChatTemplateTests
{
    private static readonly ChatMessage[] Prefilled = [new() { Role = "user", Content = "Count." }, new() { Role = "assistant", Content = "1, 2," }];

    [Theory]
    [InlineData("{{ .Prompt }}", "Count.1, 2,")]
    [InlineData("{{ .Prompt }}|{{ .Response }}|end", "Count.|1, 2,")]
    [InlineData("{{ .Prompt }}|{{ $.Response }}|end", "Count.|1, 2,")]
    [InlineData("{{ if .Response }}[{{ .Response }}]{{ else }}none{{ end }}|end", "[1, 2,")]
    [InlineData("{{ range .Messages }}<{{ .Role }}>{{ .Content }}</{{ .Role }}>{{ end }}<assistant>", "<user>Count.</user><assistant>1, 2,")]
    [InlineData("{{ range .Messages }}<{{ .Role }}>{{ json .Content }}{{ end }}", "<user>\"Count.\"<assistant>\"1, 2,")]
    public void A_last_message_of_the_assistant_is_continued(string source, string expected) =>
        Assert.Equal(expected, new GoChatTemplate(source).RenderPrompt(Prefilled, [], null));

    [Fact]
    public void A_message_that_the_template_leaves_out_cannot_be_continued()
    {
        GoChatTemplate template = new("{{ range .Messages }}{{ if eq .Role \"user\" }}{{ .Content }}{{ end }}{{ end }}");
        TextEngineException exception = Assert.Throws<TextEngineException>(() => template.RenderPrompt(Prefilled, [], null));
        Assert.Equal(TextEngineErrorKind.Unsupported, exception.Kind);
    }

    [Theory]
    [InlineData("{{ if .Response }}a{{ .Response }}b{{ else }}start{{ end }}end", "start")]
    [InlineData("{{ .Prompt }}{{ with .System }}{{ . }}{{ end }}>{{ printf \"%s\" .Response | print }}end", "hi>")]
    public void The_last_turn_ends_where_the_answer_begins(string source, string expected) =>
        Assert.Equal(expected, new GoChatTemplate(source).RenderPrompt([new() { Role = "user", Content = "hi" }], [], null));

    [Fact]
    public void Merging_keeps_calls_and_thoughts()
    {
        ChatMessage[] messages =
        [
            new() { Role = "assistant", Content = "a", Thinking = "x", ToolCalls = [new(null, "f", [])] },
            new() { Role = "assistant", Content = "b", Thinking = "y", ToolCalls = [new("i", "g", [])] },
        ];
        string text = new GoChatTemplate("{{ range .Messages }}{{ .Content }}/{{ .Thinking }}/{{ range .ToolCalls }}{{ .Function.Index }}{{ .Function.Name }}{{ end }}{{ end }}").Render(messages, [], null);
        Assert.Equal("a\n\nb/x\n\ny/0f1g", text);
    }

    [Fact]
    public void Keys_that_schemas_have_beyond_the_known_ones_stay_in_their_order()
    {
        JsonObject tool = JsonNode.Parse("""
            {"type": "function", "function": {"name": "f", "strict": true, "parameters": {"type": "object", "additionalProperties": false, "properties":
              {"z": {"type": "integer", "minimum": 1, "description": "d"}, "a": {"type": "object", "properties": {"y": {"type": "string"}, "b": {"type": 5}}}}}}}
            """)!.AsObject();
        ChatMessage call = new() { Role = "assistant", ToolCalls = [new(null, "f", JsonNode.Parse("""{"z": {"y": 1, "b": 2}, "a": 1}""")!.AsObject())] };
        string text = new GoChatTemplate("{{ .Tools }} {{ range .Messages }}{{ range .ToolCalls }}{{ .Function.Arguments }}{{ end }}{{ end }}").Render([call], [tool], null);
        Assert.Equal(
            """[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"z":{"type":"integer","description":"d","minimum":1},"a":{"type":"object","properties":{"y":{"type":"string"},"b":{"type":5}}}},"additionalProperties":false},"strict":true}}] {"z":{"y":1,"b":2},"a":1}""",
            text);
    }

    [Fact]
    public void An_insertion_sees_what_stands_before_and_behind()
    {
        GoChatTemplate template = new("{{ if .Suffix }}<PRE> {{ .Prompt }} <SUF>{{ .Suffix }} <MID>{{ else }}{{ .Prompt }}{{ end }}");
        Assert.True(template.SupportsInsertion);
        Assert.Equal("<PRE> a <SUF>b <MID>", template.RenderInsertion("a", "b", null));
    }

    [Theory]
    [InlineData("{{ .Prompt }}", false, false, false)]
    [InlineData("{{ range .Messages }}{{ range $.Tools }}{{ end }}{{ end }}", true, false, false)]
    [InlineData("{{ .Prompt }}{{ .Suffix }}", false, true, false)]
    [InlineData("{{ range .Messages }}{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ end }}", false, false, true)]
    [InlineData("{{ range .Messages }}{{ .Thinking }}{{ end }}", false, false, false)]
    public void Capabilities_are_what_the_template_mentions(string source, bool tools, bool insertion, bool thinking)
    {
        GoChatTemplate template = new(source);
        Assert.Equal((tools, insertion, thinking), (template.SupportsTools, template.SupportsInsertion, template.SupportsThinking));
    }

    [Theory]
    [InlineData("{{ range .Messages }}{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ end }}", "<think>", "</think>")]
    [InlineData("{{ range .Messages }}{{ .Role }}\n<think>\n{{ .Thinking }}\n</think>\n\n{{ .Content }}{{ end }}", "<think>", "</think>")]
    [InlineData("{{ range $m := .Messages }}{{ with $m.Thinking }}x{{ end }}a [T]{{ $m.Thinking }}[/T] b{{ end }}", "[T]", "[/T]")]
    public void Tags_of_thinking_are_found(string source, string open, string close) =>
        Assert.Equal((open, close), new GoChatTemplate(source).ThinkingTags);

    [Fact]
    public void Both_languages_serve_behind_one_interface()
    {
        ChatMessage[] messages = [new() { Role = "user", Content = "hi" }];
        IChatTemplate[] templates =
        [
            new GoChatTemplate("{{ range .Messages }}<{{ .Role }}>{{ .Content }}{{ end }}<assistant>"),
            new ChatTemplate("{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>", "", ""),
        ];
        Assert.All(templates, template => Assert.Equal("<user>hi<assistant>", template.RenderPrompt(messages, [], null)));
    }
}
