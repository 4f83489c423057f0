using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Templates;
using LocalLlm.Engine.Templates.Go;
using LocalLlm.Engine.Templates.Go.Values;

namespace LocalLlm.Engine.Tests.Templates.Go;

/// <summary>Templates that want too much time, memory or stack end in a <see cref="GoTemplateException"/>.</summary>
public class GoTemplateLimitsTests
{
    private static readonly TemplateLimits Tight = new() { Steps = 200_000, LoopIterations = 20_000, AllocatedBytes = 4 << 20, OutputLength = 1 << 20 };

    private static readonly GoMap Data = new(
    [
        KeyValuePair.Create<string, object?>("many", new GoList([.. Enumerable.Range(0, 1000).Select(i => (object?)$"{i}")])),
        KeyValuePair.Create<string, object?>("long", new string('x', 100_000)),
        KeyValuePair.Create<string, object?>("same", new string('x', 100_000)),
    ]);

    public static TheoryData<string> Hungry =>
    [
        "{{ range 1000000000000 }}{{ end }}",
        "{{ range .many }}{{ range $.many }}{{ end }}{{ end }}",
        "{{ range .many }}{{ $.long }}{{ end }}",
        "{{ range .many }}{{ $x := print $.long $.long }}{{ end }}",
        "{{ range .many }}{{ $x := json $.many }}{{ end }}",
        "{{ range .many }}{{ $x := html $.long }}{{ end }}",
        "{{ range .many }}{{ $x := slice $.many 1 }}{{ end }}",
        "{{ range .many }}{{ $x := slice $.long 1 }}{{ end }}",
        "{{ range .many }}{{ $x := index $.long 1 }}{{ end }}",
        "{{ range .many }}{{ $x := printf \"%1000000d\" 1 }}{{ end }}",
        "{{ range .many }}{{ $x := printf \"%s%s%s\" $.long $.long $.long }}{{ end }}",
        "{{ range 19999 }}{{ $x := eq $.long $.same }}{{ end }}",
        "{{ range 19999 }}{{ $x := le $.long $.same }}{{ end }}",
        "{{ $x := 1 }}" + string.Concat(Enumerable.Repeat("{{ $y := 1 }}", 990)) + "{{ range 10000 }}{{ $z := $x }}{{ end }}",
        "{{ printf \"%99999999d\" 1 }}",
        "{{ printf \"%*d\" 99999999 1 }}",
        "{{ $x := \"ab\" }}{{ range .many }}{{ $x = print $x $x }}{{ end }}",
        "{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}",
        "{{ define \"a\" }}{{ template \"b\" . }}{{ template \"b\" . }}{{ end }}{{ define \"b\" }}{{ range . }}{{ template \"c\" . }}{{ end }}{{ end }}{{ define \"c\" }}{{ range 1000 }}{{ end }}{{ end }}{{ template \"a\" .many }}",
    ];

    [Theory]
    [MemberData(nameof(Hungry))]
    public void Hungry_templates_end_in_an_error(string source) =>
        Assert.Throws<GoTemplateException>(() => GoTemplate.Parse(source, Tight).Render(Data, TimeProvider.System));

    [Theory]
    [InlineData("{{ if 1 }}", "{{ end }}")]
    [InlineData("{{ range .x }}", "{{ end }}")]
    [InlineData("{{ if 1 }}{{ else if 1 }}", "{{ end }}")]
    [InlineData("{{ with 1 }}{{ else }}", "{{ end }}")]
    public void Deep_nesting_is_refused(string open, string close)
    {
        string source = string.Concat(Enumerable.Repeat(open, 10_000)) + string.Concat(Enumerable.Repeat(close, 10_000));
        GoTemplateException exception = Assert.Throws<GoTemplateException>(() => GoTemplate.Parse(source));
        Assert.Contains("nested more than 500 levels deep", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_parentheses_are_refused() =>
        Assert.Throws<GoTemplateException>(() => GoTemplate.Parse($"{{{{ {new string('(', 100_000)}1{new string(')', 100_000)} }}}}"));

    [Fact]
    public void Many_variables_are_refused() =>
        Assert.Contains("more than 1000 variables", Assert.Throws<GoTemplateException>(() => GoTemplate.Parse(string.Concat(Enumerable.Range(0, 2000).Select(i => $"{{{{ $x{i} := 1 }}}}")))).Message, StringComparison.Ordinal);

    [Fact]
    public void The_turns_of_a_conversation_share_the_limits()
    {
        GoChatTemplate template = new("{{ .Prompt }}{{ .Response }}{{ range 1000 }}.{{ end }}", limits: Tight);
        ChatMessage[] messages = [.. Enumerable.Range(0, 100).Select(i => new ChatMessage { Role = i % 2 == 0 ? "user" : "assistant", Content = "x" })];
        Assert.Equal(5 * 1002 + 1, template.Render([.. messages.Take(11)], [], null).Length);
        Assert.Throws<GoTemplateException>(() => template.Render(messages, [], null));
    }

    [Theory]
    [InlineData("{\"x\": 1e999}")]
    [InlineData(null)]
    public void Data_that_no_template_can_have_are_an_error_of_the_same_kind(string? arguments)
    {
        JsonObject call = arguments is null ? Nested(50_000) : JsonNode.Parse(arguments)!.AsObject();
        ChatMessage message = new() { Role = "assistant", ToolCalls = [new ToolCall(null, "f", call)] };
        Assert.Throws<GoTemplateException>(() => new GoChatTemplate("{{ range .Messages }}{{ .ToolCalls }}{{ end }}").Render([message], [], null));
    }

    private static JsonObject Nested(int depth)
    {
        JsonObject root = [];
        for (int i = 0; i < depth; i++)
        {
            root = new JsonObject { ["x"] = root };
        }
        return root;
    }

    [Fact]
    public void A_long_template_is_refused() =>
        Assert.Throws<GoTemplateException>(() => GoTemplate.Parse(new string('x', 101), new TemplateLimits { SourceLength = 100 }));
}
