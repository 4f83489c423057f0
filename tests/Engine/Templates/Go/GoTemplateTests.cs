using System.Text.Json.Nodes;
using LocalLlm.Engine.Templates.Go;
using LocalLlm.Engine.Templates.Go.Values;

namespace LocalLlm.Engine.Tests.Templates.Go;

/// <summary>What Debian's Go is too old to be compared with, by the text/template documentation of Go 1.22 to 1.24, and what is our own.</summary>
public class GoTemplateTests
{
    [Theory]
    [InlineData("{{ range 3 }}{{ . }},{{ end }}", "0,1,2,")]
    [InlineData("{{ range $i, $x := 2 }}{{ $i }}{{ $x }} {{ end }}", "00 11 ")]
    [InlineData("{{ range 0 }}a{{ else }}none{{ end }}", "none")]
    [InlineData("{{ with .none }}a{{ else with .text }}{{ . }}{{ else }}c{{ end }}", "hi")]
    [InlineData("{{ with .none }}a{{ else with .none }}b{{ else }}c{{ end }}", "c")]
    [InlineData("{{ $i := 7 }}{{ $x := \"\" }}{{ range $i, $x = .list }}{{ end }}{{ $i }}{{ $x }}", "1b")]
    [InlineData("{{ slice .umlaut 0 1 }}", "\uFFFD")]
    public void Renders(string source, string expected)
    {
        GoMap data = GoJsonValues.Map(JsonNode.Parse("""{"text": "hi", "none": "", "list": ["a", "b"], "umlaut": "ü"}""")!.AsObject(), GoPrinting.Plain, keepsOrder: false);
        Assert.Equal(expected, GoTemplate.Parse(source).Render(data, RenderingCase.Clock));
    }

    [Fact]
    public void Names_are_those_of_data_and_variables_wherever_they_stand()
    {
        GoTemplate template = GoTemplate.Parse(
            "{{ if .A }}{{ range $i, $b := .B }}{{ ($.C.D) | print .E }}{{ end }}{{ else }}{{ $x := .F }}{{ $x.G }}{{ end }}{{ define \"t\" }}{{ with index .H 0 }}{{ end }}{{ end }}{{ template \"t\" .I }}");
        Assert.Equal(["$", "$x", "A", "B", "C", "D", "E", "F", "G", "H", "I"], template.Names.Order(StringComparer.Ordinal));
        Assert.Contains("a", template.Names);
    }

    [Fact]
    public void The_date_is_that_of_the_clock() =>
        Assert.Equal("2026-03-07 2026-03-06", GoTemplate.Parse("{{ currentDate }} {{ yesterdayDate }}").Render(null, RenderingCase.Clock));
}
