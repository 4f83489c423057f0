using System.Text.RegularExpressions;
using LocalLlm.Server.Runners.Wire;
using LocalLlm.Server.Tests.Cli;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Runners;

public sealed class RunnerCommandTests
{
    [Theory]
    [InlineData("")]
    [InlineData("hello\n")]
    [InlineData("{}\n")]
    public async Task WhoeverTypesItIsToldWhatItIs(string input) => Assert.Equal(
        "'localllm runner' is for 'localllm serve', which starts it; to use a model, see 'localllm run --help'.",
        await new CliUnderTest { Input = input }.FailAsync("runner", "/model"));

    [Fact]
    public async Task AServerOfAnotherVersionIsToldSo() => Assert.Equal(
        $"The server that started this runner is of another version (protocol 99, this program speaks {RunnerProtocol.Version}): restart the server.",
        await new CliUnderTest { Input = """{"protocol":99,"socket":"/x","options":{}}""" }.FailAsync("runner", "/model"));

    [Fact]
    public async Task NoHelpShowsIt()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("--help"));
        Assert.Contains("serve", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("runner", cli.Out.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1", 1)]
    public async Task ServingStartsRunnersUnlessToldNotTo(string inProcess, int opened)
    {
        CliUnderTest cli = new()
        {
            Engine = new ScriptedEngine { Pieces = ["Hi"] },
            Runner = RealRunner.Program,
            Variables = { ["OLLAMA_HOST"] = "127.0.0.1:0", ["LOCALLLM_IN_PROCESS"] = inProcess },
        };
        Task<int> serving = cli.RunAsync("serve", "--threads", "1", "--ctx", "64", "--model", $"own={RepoPaths.Vector("models", "qwen3-q8_0.gguf")}");
        Match match;
        while (!(match = Regex.Match(cli.Error.ToString(), @"listening on (\S+)")).Success)
        {
            Assert.False(serving.IsCompleted, cli.Error.ToString());
            await Task.Delay(20);
        }
        using (HttpClient client = new() { BaseAddress = new Uri(match.Groups[1].Value) })
        {
            HttpResponseMessage answer = await client.PostAsync(
                "/api/generate", new StringContent("""{"model":"own","prompt":"x","stream":false,"options":{"num_predict":3}}"""));
            Assert.Contains("\"done\":true", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        cli.Interrupt();
        Assert.Equal(0, await serving);
        Assert.Equal(opened, cli.Opened.Count);
    }
}
