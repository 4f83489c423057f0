using LocalLlm.Engine.Templates;

namespace LocalLlm.Engine.Tests.Templates;

/// <summary>Templates that want too much time, memory or stack end in a <see cref="JinjaException"/>.</summary>
public class JinjaLimitsTests
{
    /// <summary>A tenth of the defaults, so that the tests take a tenth of the time.</summary>
    private static readonly TemplateLimits Tight = new() { Steps = 1_000_000, LoopIterations = 100_000, AllocatedBytes = 32 << 20 };

    public static TheoryData<string> Hungry =>
    [
        // Memory at one blow
        "{{ 'a' * 10 ** 12 }}",
        "{{ 'ab' * 10 ** 12 }}",
        "{{ 'a' * 10 ** 40 }}",
        "{{ [0] * 10 ** 12 }}",
        "{{ (1, 2) * 10 ** 9 }}",
        "{{ range(10 ** 12) }}",
        "{{ range(100000) | list * 100000 }}",
        "{{ 'a' | center(10 ** 10) }}",
        "{{ 'a'.ljust(10 ** 10) }}",
        "{{ 'a'.zfill(10 ** 10) }}",
        "{{ 'a\nb' | indent(10 ** 10) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%10000000000d' % 1 }}",
        "{{ '%.1000000000f' % 1 }}",
        "{{ '%*d' % (10 ** 12, 1) }}",
        "{{ '{:>1000000000}'.format(1) }}",
        "{{ '{:.1000000000f}'.format(1.0) }}",
        "{{ [[1]] | tojson(indent=10 ** 10) }}",
        "{{ [1] | batch(10 ** 9, 0) | list }}",
        "{{ 2 ** (10 ** 12) }}",
        "{{ 2 ** (2 ** 100) }}",
        "{{ 9 ** (9 ** 9) }}",
        "{{ 1.5 | round(10 ** 12) ~ ('%.2000f' % 1.5) }}",

        // Memory little by little
        "{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1, 2]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x | replace('', ns.x) %}{% endfor %}",
        "{% set l = [1] %}{% for i in l %}{% set _ = l.append(i) %}{% endfor %}",
        "{% set l = ['abc'] %}{% for i in range(100) %}{% set _ = l.extend(l) %}{% endfor %}",
        "{% for i in range(100000) %}{{ 'some text' * 1000 }}{% endfor %}",
        "{% set ns = namespace(x='0123456789') %}{% for i in range(30) %}{% set ns.x = ns.x.join([ns.x, ns.x]) %}{% endfor %}",

        // Time
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% for i in range(1000) %}{% for j in range(100000) if false %}{% endfor %}{% endfor %}",
        "{% set l = range(100000) | list %}{% for i in l %}{{ -1 in l }}{% endfor %}",
        "{% set l = range(100000) | list %}{% for i in l %}{{ l == range(100000) | list }}{% endfor %}",
        "{% set s = 'ab' * 1000000 %}{% for i in range(100000) %}{{ 'x' in s }}{% endfor %}",
        "{% set s = 'ab' * 1000000 %}{% for i in range(100000) %}{{ s | length }}{% endfor %}",
        "{% set s = 'ab' * 1000000 %}{% set d = {s: 1} %}{% for i in range(100000) %}{{ d[s] }}{% endfor %}",
        "{% set l = range(100000) | list %}{% for i in l %}{% set _ = l.insert(0, 1) %}{% set _ = l.pop() %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}",
        "{% set a = namespace(x=[1]) %}{% set b = namespace(x=[1]) %}{% for i in range(60) %}{% set a.x = [a.x, a.x] %}{% set b.x = [b.x, b.x] %}{% endfor %}{{ a.x == b.x }}",
        "{% macro m(n) %}{% for i in range(10) %}{{ m(n + 1) if n < 50 }}{% endfor %}{% endmacro %}{{ m(0) }}",

        "{% set s = ' ' * 1000000 %}{% for i in range(100000) %}{% set _ = s.strip() %}{% endfor %}",
        "{% set s = 'ab' * 200000 %}{% set p = 'ab' * 40000 ~ 'aa' ~ 'ab' * 40000 %}{% for i in range(100000) %}{% set _ = s.find(p) %}{% endfor %}",
        "{% set s = 'ab' * 1000000 %}{% for i in range(100000) %}{% set _ = {s: 1}.get(s) %}{% endfor %}",
        "{% set s = 'b' * 100000 %}{% set c = 'a' * 100000 ~ 'b' %}{% for i in range(100000) %}{% set _ = s.strip(c) %}{% endfor %}",
        "{% set s = '%z' * 1000000 %}{% for i in range(100000) %}{% set _ = strftime_now(s) %}{% endfor %}",
        "{% set s = 'ab' * 1000000 %}{% for i in range(100000) %}{% set _ = '%.1s' % s %}{% endfor %}",
        "{% set s = ' ' * 1000000 %}{% for i in range(100000) %}{% set _ = s | int %}{% endfor %}",
        "{% set s = '9' * 1000 %}{% for i in range(100000) %}{% set _ = s | int %}{% endfor %}",
        "{% set n = 2 ** 4000 %}{% for i in range(1000000) %}{% set _ = n | string | length %}{% endfor %}",
        "{% set d = {} %}{% for i in range(50000) %}{% set _ = d.update({'k' ~ i: 1}) %}{% endfor %}{% for i in range(100000) %}{% set _ = dict(**d) %}{% endfor %}",
        "{% set l = ['A' * 1000000] * 1000 %}{{ l | sort | length }}",
        "{% set s = 'ab' * 1000000 %}{% for i in range(100000) %}{% set _ = {}[s] %}{% endfor %}",
        "{% set s = 'ab' * 1000000 %}{% for i in range(100000) %}{% set _ = s is lower %}{% endfor %}",

        // Stack
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{% macro m() %}{{ caller() }}{% endmacro %}{% macro n() %}{% call m() %}{{ n() }}{% endcall %}{% endmacro %}{{ n() }}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% set l = [] %}{% set _ = l.append(l) %}{{ l }}",
        "{% set l = [] %}{% set _ = l.append(l) %}{{ l | tojson }}",
        "{% set l = [] %}{% set m = [] %}{% set _ = l.append(m) %}{% set _ = m.append(l) %}{{ l == m }}",
        "{% set d = {} %}{% set _ = d.update(x=d) %}{{ d }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = {'k': ns.x} %}{% endfor %}{{ ns.x | tojson }}",
        "{% set ns = namespace(x=['a']) %}{% for i in range(100000) %}{% set ns.x = ns.x | map('upper') %}{% endfor %}{{ ns.x | list }}",
    ];

    /// <summary>A hundred nested loops that look for a name in every scope, a million times.</summary>
    [Fact]
    public void Names_looked_for_in_many_scopes_count()
    {
        string source = string.Concat(Enumerable.Range(0, 100).Select(i => $"{{% for a{i} in [1] %}}{{% set b{i} = 1 %}}{{% set c{i} = 1 %}}"))
            + "{% for i in range(100000) %}{% for j in range(9) %}" + Repeat("{% set _ = nope %}", 10) + "{% endfor %}{% endfor %}"
            + Repeat("{% endfor %}", 100);
        JinjaTemplate template = JinjaTemplate.Parse(source, Tight);
        Assert.Throws<JinjaException>(() => template.Render(new Dictionary<string, object?>()));
    }

    public static TheoryData<string, string> Deep => new()
    {
        { "parentheses", "{{ " + new string('(', 100_000) + "1" + new string(')', 100_000) + " }}" },
        { "lists", "{{ " + new string('[', 100_000) },
        { "dictionaries", "{{ " + Repeat("{1:", 100_000) },
        { "signs", "{{ " + Repeat("- ", 100_000) + "1 }}" },
        { "negations", "{{ " + Repeat("not ", 100_000) + "1 }}" },
        { "sums", "{{ 1" + Repeat(" + 1", 100_000) + " }}" },
        { "conjunctions", "{{ 1" + Repeat(" and 1", 100_000) + " }}" },
        { "attributes", "{{ x" + Repeat(".x", 100_000) + " }}" },
        { "subscripts", "{{ x" + Repeat("[0]", 100_000) + " }}" },
        { "calls", "{{ x" + Repeat("()", 100_000) + " }}" },
        { "arguments", "{{ " + Repeat("x(", 100_000) },
        { "filters", "{{ x" + Repeat("|upper", 100_000) + " }}" },
        { "tests", "{{ x" + Repeat(" is defined", 50_000) + " }}" },
        { "conditionals", "{{ 1" + Repeat(" if 1", 100_000) + " }}" },
        { "alternatives", "{{ " + Repeat("1 if 0 else ", 50_000) + "1 }}" },
        { "blocks", Repeat("{% if x %}", 50_000) + Repeat("{% endif %}", 50_000) },
        { "loops", Repeat("{% for x in y %}", 50_000) },
        { "targets", "{% for " + new string('(', 100_000) },
        { "macros", Repeat("{% macro x() %}", 50_000) },
    };

    [Theory]
    [MemberData(nameof(Hungry))]
    public void Templates_that_want_too_much_fail(string source)
    {
        JinjaTemplate template = JinjaTemplate.Parse(source, Tight);
        Assert.Throws<JinjaException>(() => template.Render(new Dictionary<string, object?>()));
    }

    [Theory]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}{{ i * j }}{% endfor %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    public void The_defaults_hold_too(string source) =>
        Assert.Throws<JinjaException>(() => JinjaTemplate.Parse(source).Render(new Dictionary<string, object?>()));

    [Theory]
    [MemberData(nameof(Deep))]
    public void Templates_nested_too_deeply_fail(string what, string source)
    {
        Assert.NotEmpty(what);
        Assert.Throws<JinjaException>(() => JinjaTemplate.Parse(source));
    }

    [Fact]
    public void What_nests_as_deep_as_allowed_works_on_a_small_stack()
    {
        string source = "{{ " + new string('(', 200) + "1" + new string(')', 200) + Repeat(" + 1", 400) + " }}";
        string? text = null;
        Thread thread = new(() => text = JinjaTemplate.Parse(source).Render(new Dictionary<string, object?>()), maxStackSize: 1 << 20);
        thread.Start();
        thread.Join();
        Assert.Equal("401", text);
    }

    [Theory]
    [InlineData("{{ 1 + 1 }}{{ 1 + 1 }}", "takes more than 5 steps")]
    [InlineData("{% for i in range(3) %}{% endfor %}", "run more than 2 times")]
    [InlineData("12345678901", "longer than 10 characters")]
    [InlineData("{% set a = 'x' * 600 %}", "makes more than 1000 bytes")]
    [InlineData("{% macro m(n) %}{{ m(n - 1) if n }}{% endmacro %}{{ m(5) }}", "more than 3 levels deep")]
    public void Each_limit_is_named(string source, string expected)
    {
        TemplateLimits limits = new()
        {
            Steps = expected.Contains("steps") ? 5 : 1000,
            LoopIterations = 2,
            OutputLength = 10,
            AllocatedBytes = 1000,
            CallDepth = 3,
        };
        JinjaException exception = Assert.Throws<JinjaException>(() => JinjaTemplate.Parse(source, limits).Render(new Dictionary<string, object?>()));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_that_is_too_long_is_refused()
    {
        JinjaException exception = Assert.Throws<JinjaException>(() => JinjaTemplate.Parse(new string('x', 101), new TemplateLimits { SourceLength = 100 }));
        Assert.Contains("longer than 100 characters", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_nested_too_deeply_is_refused()
    {
        object? data = null;
        for (int i = 0; i < 200_000; i++)
        {
            data = new List<object?> { data };
        }
        Assert.Throws<JinjaException>(() => JinjaTemplate.Parse("x").Render(new Dictionary<string, object?> { ["data"] = data }));
    }

    [Fact]
    public void A_long_conversation_stays_within_the_defaults()
    {
        List<object?> messages = [.. Enumerable.Range(0, 5_000).Select(i => (object?)new Dictionary<string, object?>
        {
            ["role"] = i % 2 == 0 ? "user" : "assistant",
            ["content"] = new string('x', 400),
        })];
        string text = JinjaTemplate.Parse(File.ReadAllText(LocalLlm.Tests.RepoPaths.Vector("chat", "qwen3.jinja")))
            .Render(new Dictionary<string, object?> { ["messages"] = messages, ["add_generation_prompt"] = true });
        Assert.InRange(text.Length, 5_000 * 400, 5_000 * 500);
    }

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));
}
