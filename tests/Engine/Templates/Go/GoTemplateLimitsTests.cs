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
    public void A_long_template_is_refused() =>
        Assert.Throws<GoTemplateException>(() => GoTemplate.Parse(new string('x', 101), new TemplateLimits { SourceLength = 100 }));
}
