using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Engine.Templates;
using LocalLlm.Engine.Templates.Go;
using LocalLlm.Server.Store;
using LocalLlm.Server.Tests.Store;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Http;

/// <summary>Which template makes the prompts of models of the store.</summary>
public sealed class StoredTemplateTests
{
    private const string Plain = "{{ .System }}|{{ .Prompt }}";
    private const string Jinja = "{{ messages }}{% if tools %}tools{% endif %}<think></think>";

    [Theory]
    [InlineData(Plain, GoTemplates.Preferred, false, false, false, true)]
    [InlineData(Plain, GoTemplates.Preferred, false, true, false, false)]
    [InlineData(Plain, GoTemplates.Preferred, false, false, true, false)]
    [InlineData(Plain, GoTemplates.Preferred, true, false, false, false)]
    [InlineData(Plain, GoTemplates.Always, true, true, true, true)]
    [InlineData("{{ .Tools }}" + Plain, GoTemplates.Preferred, false, true, false, true)]
    [InlineData("{{ range .Messages }}<t>{{ .Thinking }}</t>{{ .Content }}{{ end }}", GoTemplates.Preferred, false, false, true, true)]
    public void TheTemplateHoldsUnlessTheRequestNeedsMore(string template, GoTemplates use, bool hasRenderer, bool tools, bool thinking, bool serves)
    {
        StoredTemplate stored = new(new GoChatTemplate(template), use, hasRenderer);
        Assert.Equal(serves, stored.Serves(Jinja, tools, thinking));
        Assert.True(stored.Serves("", tools, thinking)); // a file without one leaves no choice
    }

    [Fact]
    public async Task EveryKindOfRequestIsRenderedWithTheModelsTemplate()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await StartAsync(fixture, engine);
        await server.AskJsonAsync("/api/chat", """{"model":"tiny","stream":false,"messages":[{"role":"user","content":"q"}]}""");
        await server.AskJsonAsync("/v1/chat/completions", """{"model":"tiny","messages":[{"role":"user","content":"q"}]}""");
        await server.AskJsonAsync("/api/generate", """{"model":"tiny","stream":false,"prompt":"q"}""");
        await server.AskJsonAsync("/api/generate", """{"model":"tiny","stream":false,"prompt":"q","template":"[{{ .Prompt }}]"}""");
        await server.AskJsonAsync("/api/generate", """{"model":"tiny","stream":false,"prompt":"q","raw":true}""");
        TemplateSource own = new(StoreFixture.Template, TemplateLanguage.Go);
        Assert.Equal([own, own, own, new TemplateSource("[{{ .Prompt }}]", TemplateLanguage.Go), null], engine.Requests.Select(request => request.Template));
    }

    [Fact]
    public async Task ThePromptIsWhatTheTemplateSays()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(
            (model, _, _) => Task.FromResult<ITextEngine>(new TextEngine(LanguageModel.Load(model.Path, new ModelOptions { ContextLength = 64 }))),
            options => options with { StoreFolder = fixture.Root });
        Assert.Equal("<|system|>You are tiny.<|user|>HiHo<|user|>q", await RenderAsync(server, """{"model":"tiny","messages":[{"role":"user","content":"q"}],"_debug_render_only":true}"""));
    }

    [Fact]
    public async Task ATemplateWithAPlaceForWhatFollowsFillsIn()
    {
        using StoreFixture fixture = new();
        StoreModel(fixture, "<PRE>{{ .Prompt }}<SUF>{{ .Suffix }}<MID>");
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await StartAsync(fixture, engine);
        await server.AskJsonAsync("/api/generate", """{"model":"tiny","stream":false,"prompt":"a","suffix":"b"}""");
        Assert.Equal(("a", "b", "<PRE>{{ .Prompt }}<SUF>{{ .Suffix }}<MID>"), (engine.OnlyRequest.Prompt, engine.OnlyRequest.Suffix, engine.OnlyRequest.Template?.Text));
        JsonElement show = await server.AskJsonAsync("/api/show", """{"model":"tiny"}""");
        Assert.Equal("""["completion","insert"]""", show.GetProperty("capabilities").GetRawText());
    }

    [Fact]
    public async Task ABrokenTemplateIsNamedAndCanBeSwitchedOff()
    {
        using StoreFixture fixture = new();
        StoreModel(fixture, "{{ .Prompt ");
        await using (ServerUnderTest server = await StartAsync(fixture, new ScriptedEngine()))
        {
            (int status, string error) = await server.AskErrorAsync("/api/generate", """{"model":"tiny","prompt":"x"}""");
            Assert.Equal(500, status);
            Assert.StartsWith("the model 'tiny:latest' cannot be used: its template layer is broken: ", error, StringComparison.Ordinal);
            Assert.EndsWith("OLLAMA_GO_TEMPLATE=0 uses the template in its file instead.", error, StringComparison.Ordinal);
        }
        await using ServerUnderTest other = await StartAsync(fixture, new ScriptedEngine(), GoTemplates.Never);
        Assert.True((await other.AskJsonAsync("/api/generate", """{"model":"tiny","stream":false,"prompt":"x"}""")).GetProperty("done").GetBoolean());
    }

    private static void StoreModel(StoreFixture fixture, string template) => fixture.Manifest(
        "registry.ollama.ai/library/tiny/latest",
        """{"model_format":"gguf"}""",
        ("model", fixture.Blob(File.ReadAllBytes(RepoPaths.Vector("models", "qwen3-q8_0.gguf")))),
        ("template", fixture.Blob(template)));

    private static async Task<string?> RenderAsync(ServerUnderTest server, string body) =>
        (await server.AskJsonAsync("/api/chat", body)).GetProperty("_debug_info").GetProperty("rendered_template").GetString();

    private static Task<ServerUnderTest> StartAsync(StoreFixture fixture, ScriptedEngine engine, GoTemplates templates = GoTemplates.Preferred) =>
        ServerUnderTest.StartAsync(engine, options => options with { StoreFolder = fixture.Root, GoTemplates = templates });
}
