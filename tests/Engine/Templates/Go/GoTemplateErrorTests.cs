using System.Text.Json.Nodes;
using LocalLlm.Engine.Templates;
using LocalLlm.Engine.Templates.Go;
using LocalLlm.Engine.Templates.Go.Values;

namespace LocalLlm.Engine.Tests.Templates.Go;

/// <summary>Errors name the place and what was wrong.</summary>
public class GoTemplateErrorTests
{
    [Theory]
    [InlineData("a\n{{ .x", 2, 1, "The action '{{' has no end '}}'")]
    [InlineData("a\n  {{ if .x }}", 2, 6, "The 'if' has no 'end'")]
    [InlineData("{{/* x", 1, 1, "The comment '/*' has no end '*/'")]
    [InlineData("{{/* x */ y }}", 1, 1, "A comment must be all of its action: '{{/*' to '*/}}'")]
    [InlineData("{{ end }}", 1, 4, "'end' is in the wrong place")]
    [InlineData("{{ }}", 1, 4, "An action lacks a value")]
    [InlineData("{{ if }}{{ end }}", 1, 7, "If lacks a value")]
    [InlineData("{{ $x }}", 1, 4, "The variable $x is not defined")]
    [InlineData("{{ nope 1 }}", 1, 4, "The function 'nope' is not defined")]
    [InlineData("{{ \"a }}", 1, 4, "The text in quotes has no end")]
    [InlineData("{{ \"\\q\" }}", 1, 5, "The escape '\\q' is unknown")]
    [InlineData("{{ 12x }}", 1, 4, "'12x' is no number that templates can have")]
    [InlineData("{{ .a-b }}", 1, 6, "The character '-' can't stand behind a name")]
    [InlineData("{{ (print 1 }}", 1, 4, "The parenthesis '(' has no end ')'")]
    [InlineData("{{ break }}", 1, 4, "'break' stands outside of a 'range'")]
    [InlineData("{{ define \"a\" }}1{{ end }}{{ define \"a\" }}2{{ end }}", 1, 30, "The template \"a\" is defined twice")]
    [InlineData("{{ 1 | 2 }}", 1, 8, "'2' can't be called")]
    [InlineData("{{ \"a\".b }}", 1, 7, "Unexpected '.' behind '\"a\"'")]
    public void Mistakes_in_the_source_are_found_before_rendering(string source, int line, int column, string reason) =>
        Check(Assert.Throws<GoTemplateException>(() => GoTemplate.Parse(source)), line, column, reason);

    [Theory]
    [InlineData("a\n{{ .s.x }}", 2, 4, "There is no '.x' in a value of type string")]
    [InlineData("{{ .missing.x }}", 1, 4, "There is no '.x' in nil")]
    [InlineData("{{ eq 1 1.5 }}", 1, 4, "Incompatible types for comparison: int and float64")]
    [InlineData("{{ lt .m 1 }}", 1, 4, "A value of type map has no order")]
    [InlineData("{{ index .l 5 }}", 1, 4, "The index 5 is out of range")]
    [InlineData("{{ len 1 }}", 1, 4, "A value of type int has no length")]
    [InlineData("{{ len .l .l }}", 1, 4, "The function len takes 1 argument, not 2")]
    [InlineData("{{ range .s }}{{ end }}", 1, 4, "Range can't iterate over a value of type string")]
    [InlineData("\n{{ template \"a\" }}", 2, 4, "The template \"a\" is not defined")]
    [InlineData("{{ .s 1 }}", 1, 4, "'.s' takes no arguments")]
    [InlineData("{{ define \"a\" }}\n{{ .x.y }}{{ end }}{{ template \"a\" .m }}", 2, 4, "There is no '.y' in nil")]
    public void Failures_name_what_was_being_evaluated(string source, int line, int column, string reason)
    {
        GoMap data = GoJsonValues.Map(JsonNode.Parse("""{"s": "text", "m": {}, "l": [1]}""")!.AsObject(), GoPrinting.Plain, keepsOrder: false);
        GoTemplate template = GoTemplate.Parse(source);
        Check(Assert.Throws<GoTemplateException>(() => template.Render(data, TimeProvider.System)), line, column, reason);
    }

    private static void Check(GoTemplateException exception, int line, int column, string reason)
    {
        Assert.Equal($"{reason} (line {line}, column {column} of the template).", exception.Message);
        Assert.Equal((line, column), (exception.Line, exception.Column));
        Assert.IsAssignableFrom<TemplateException>(exception);
    }
}
