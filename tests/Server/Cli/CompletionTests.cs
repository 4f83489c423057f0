using LocalLlm.Server.Cli;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LocalLlm.Server.Tests.Cli;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("bash", "complete -o bashdefault")]
    [InlineData("zsh", "#compdef localllm")]
    [InlineData("fish", "complete -c localllm")]
    public async Task ScriptsArePrinted(string shell, string line)
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("completion", shell));
        Assert.Contains(line, cli.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OtherShellsAreRefused() => Assert.Equal("completion knows bash, zsh and fish, not 'tcsh'.", await new CliUnderTest().FailAsync("completion", "tcsh"));

    [Fact]
    public async Task WordsAreSuggested()
    {
        Assert.Contains("list", await SuggestAsync(new CliUnderTest(), "localllm li"));
        Assert.Contains("--temperature", await SuggestAsync(new CliUnderTest(), "localllm run m --te"));
        Assert.Equal(["smollm2", "smollm2:135m"], await SuggestAsync(new CliUnderTest(), "localllm run smo"));
    }

    [Fact]
    public async Task NamesAreThoseOfTheServer()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        CliUnderTest At() => new() { Variables = { ["OLLAMA_HOST"] = $"127.0.0.1:{server.Port}" } };
        Assert.Equal(["me/embedder:v1", "talker", "talker:small"], ModelNames.Find(At().Host()));
        Assert.Equal(["talker", "talker:small"], await SuggestAsync(At(), "localllm rm talk"));
    }

    [Fact]
    public async Task NothingButNamesReachesTheShell()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        WebApplication app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapGet("/api/tags", () => Results.Text("""{"models":[{"name":"fine:1b"},{"name":"abc$(touch x):latest"},{"name":"\u001b[2Jred"}]}""", "application/json"));
        await app.StartAsync();
        CliUnderTest cli = new() { Variables = { ["OLLAMA_HOST"] = app.Urls.Single() } };
        Assert.Equal(["fine:1b"], ModelNames.Find(cli.Host()));
        await app.DisposeAsync();
    }

    private static async Task<string[]> SuggestAsync(CliUnderTest cli, string line)
    {
        Assert.Equal((0, ""), (await cli.RunAsync($"[suggest:{line.Length}]", line), cli.Error.ToString()));
        return cli.Out.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
