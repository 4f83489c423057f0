using LocalLlm.Engine.Templates;

namespace LocalLlm.Engine.Tests.Templates;

/// <summary>Everything that Python's jinja2 renders, we render to the same text; where it fails, we fail.</summary>
public class RenderingCaseTests
{
    public static TheoryData<string> Ids => [.. RenderingCase.All.Keys];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Renders_as_jinja2_does(string id)
    {
        RenderingCase item = RenderingCase.All[id];
        if (item.Expected is not null)
        {
            Assert.Equal(item.Expected, item.Render());
            return;
        }
        JinjaException exception = Assert.Throws<JinjaException>(item.Render);
        Assert.Equal(item.Raises is not null, exception.RaisedByTemplate);
        if (item.Raises is not null)
        {
            Assert.Equal(item.Raises, exception.Message);
        }
    }
}
