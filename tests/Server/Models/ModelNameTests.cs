using LocalLlm.Server.Models;

namespace LocalLlm.Server.Tests.Models;

public sealed class ModelNameTests
{
    [Theory]
    [InlineData("llama3.2", "llama3.2:latest", "registry.ollama.ai/library/llama3.2:latest")]
    [InlineData("llama3.2:1b", "llama3.2:1b", "registry.ollama.ai/library/llama3.2:1b")]
    [InlineData("me/x", "me/x:latest", "registry.ollama.ai/me/x:latest")]
    [InlineData("hf.co/me/x:Q4_K_M", "hf.co/me/x:Q4_K_M", "hf.co/me/x:Q4_K_M")]
    [InlineData("localhost:5000/me/x", "localhost:5000/me/x:latest", "localhost:5000/me/x:latest")]
    [InlineData("https://hf.co/library/x", "hf.co/library/x:latest", "hf.co/library/x:latest")]
    [InlineData("_x", "_x:latest", "registry.ollama.ai/library/_x:latest")]
    public void ReadsNames(string text, string display, string full)
    {
        Assert.True(ModelName.TryParse(text, out ModelName? name));
        Assert.Equal(display, name.Value.DisplayName);
        Assert.Equal(full, name.Value.FullName);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("x:")]
    [InlineData("/x")]
    [InlineData("a//x")]
    [InlineData("a/b/c/d")]
    [InlineData("-x")]
    [InlineData(".x")]
    [InlineData("x y")]
    [InlineData("x@sha256:abc")]
    [InlineData("na.me/x")]
    [InlineData("ü")]
    public void RefusesWhatIsNoName(string text) => Assert.False(ModelName.TryParse(text, out _));

    [Theory]
    [InlineData(80, 80, 80, 350, true)]
    [InlineData(81, 1, 1, 1, false)]
    [InlineData(1, 81, 1, 1, false)]
    [InlineData(1, 1, 81, 1, false)]
    [InlineData(1, 1, 1, 351, false)]
    public void HoldsTheLimitsOfLength(int model, int tag, int space, int host, bool valid)
    {
        string text = $"{new string('h', host)}/{new string('n', space)}/{new string('m', model)}:{new string('t', tag)}";
        Assert.Equal(valid, ModelName.TryParse(text, out _));
    }

    [Fact]
    public void CaseDoesNotMatter()
    {
        Assert.True(ModelName.TryParse("Me/X:Q8", out ModelName? upper));
        Assert.True(ModelName.TryParse("me/x:q8", out ModelName? lower));
        Assert.Equal(upper, lower);
        Assert.Equal(upper.GetHashCode(), lower.GetHashCode());
    }
}
