using LocalLlm.Engine.Templates.Go;

namespace LocalLlm.Engine.Tests.Templates.Go;

/// <summary>Everything that Go's text/template renders, we render to the same text; where it fails, we fail.</summary>
public class GoRenderingCaseTests
{
    public static TheoryData<string> Ids => [.. GoRenderingCase.All.Keys];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Renders_as_Go_does(string id)
    {
        GoRenderingCase item = GoRenderingCase.All[id];
        if (item.Expected is null)
        {
            Assert.Throws<GoTemplateException>(item.Render);
            return;
        }
        Assert.Equal(item.Expected, item.Render());
    }
}
