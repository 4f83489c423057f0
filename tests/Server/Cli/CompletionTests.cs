using LocalLlm.Server.Cli;

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

    private static async Task<string[]> SuggestAsync(CliUnderTest cli, string line)
    {
        Assert.Equal((0, ""), (await cli.RunAsync($"[suggest:{line.Length}]", line), cli.Error.ToString()));
        return cli.Out.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
