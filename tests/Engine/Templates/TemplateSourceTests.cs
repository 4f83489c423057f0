using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Templates;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Templates;

/// <summary>Templates that come with requests, in either language.</summary>
public sealed class TemplateSourceTests
{
    [Theory]
    [InlineData("{{ .System }} {{ .Prompt }}", TemplateLanguage.Go)]
    [InlineData("{{- range .Messages }}{{ .Content }}{{ end }}", TemplateLanguage.Go)]
    [InlineData("{{ json .Messages }}", TemplateLanguage.Go)]
    [InlineData("{{ .Broken ", TemplateLanguage.Go)]
    [InlineData("no action at all", TemplateLanguage.Go)]
    [InlineData("{% for m in messages %}{{ m.content }}{% endfor %}", TemplateLanguage.Jinja)]
    [InlineData("{{ messages[0].content }}", TemplateLanguage.Jinja)]
    [InlineData("{{ messages | tojson }}", TemplateLanguage.Jinja)]
    public void TheLanguageIsSeenFromTheText(string text, TemplateLanguage language) => Assert.Equal(language, TemplateSource.Of(text).Language);

    [Fact]
    public async Task RequestsAreRenderedInEitherLanguage()
    {
        await using TextEngine engine = new TextEngine(LanguageModel.Load(RepoPaths.Vector("models", "qwen3-q8_0.gguf"), new ModelOptions { ContextLength = 64 }));
        GenerationRequest request = new() { Messages = [new ChatMessage { Role = "system", Content = "s" }, new ChatMessage { Role = "user", Content = "u" }] };
        Assert.Equal("s\n\nu", await engine.RenderAsync(request));
        Assert.Equal("s|u|", await engine.RenderAsync(request with { Template = TemplateSource.Of("{{ .System }}|{{ .Prompt }}|{{ .Response }}") }));
        Assert.Equal("[s][u]", await engine.RenderAsync(request with { Template = TemplateSource.Of("{% for m in messages %}[{{ m.content }}]{% endfor %}") }));
        GenerationRequest insertion = new() { Prompt = "a", Suffix = "b", Template = TemplateSource.Of("<{{ .Prompt }}^{{ .Suffix }}>") };
        Assert.Equal("<a^b>", await engine.RenderAsync(insertion));
        TextEngineException refused = await Assert.ThrowsAsync<TextEngineException>(async () => await engine.RenderAsync(insertion with { Template = null }));
        Assert.Contains("does not support insert", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<TextEngineException>(async () => await engine.RenderAsync(request with { Template = TemplateSource.Of("{{ .Broken ") }));
    }
}
