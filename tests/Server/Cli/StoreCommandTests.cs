using System.Text.Json;
using System.Text.RegularExpressions;
using LocalLlm.Server.Cli;
using LocalLlm.Server.Tests.Store;

namespace LocalLlm.Server.Tests.Cli;

/// <summary>The commands for the models that a server has, as they are typed.</summary>
public sealed class StoreCommandTests
{
    [Fact]
    public async Task ListCopyShowAndRemove()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        await using ServerUnderTest server = await StartAsync(fixture);
        Assert.Equal(("copied 'tiny' to 'me/Second:v1'\n", 0), await RunAsync(server, "cp", "tiny", "me/Second:v1"));
        string[] lines = (await RunAsync(server, "list")).Out.TrimEnd().Split('\n');
        Assert.Equal("NAME             ID              SIZE      MODIFIED", lines[0]);
        Assert.Matches("^me/Second:v1     [0-9a-f]{12}    1.4 MB    .* ago$", lines[1]);
        Assert.Matches("^tiny:latest      [0-9a-f]{12}    1.4 MB    .* ago$", lines[2]);
        Assert.Equal(2, (await RunAsync(server, "ls", "ME/")).Out.TrimEnd().Split('\n').Length);
        Assert.Single((await RunAsync(server, "ls", "nothing")).Out.TrimEnd().Split("\n"));
        JsonElement json = JsonDocument.Parse((await RunAsync(server, "list", "--json", "TI")).Out).RootElement.GetProperty("models");
        Assert.Equal("tiny:latest", json.EnumerateArray().Single().GetProperty("name").GetString());

        Assert.Equal(("deleted 'tiny'\ndeleted 'me/second:v1'\n", 0), await RunAsync(server, "rm", "tiny", "me/second:v1"));
        Assert.DoesNotContain("tiny", (await RunAsync(server, "list")).Out, StringComparison.Ordinal);
        Assert.Empty(fixture.BlobNames());
    }

    [Fact]
    public async Task RemovingUnloadsFirstAndStopsAtTheFirstError()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        await using ServerUnderTest server = await StartAsync(fixture);
        await server.AskJsonAsync("/api/generate", """{"model":"tiny","keep_alive":-1}""");
        CliUnderTest cli = At(server);
        Assert.Equal(1, await cli.RunAsync("rm", "tiny", "nope", "talker"));
        Assert.Equal(("deleted 'tiny'\n", "Error: model 'nope' not found\n"), (cli.Out.ToString(), cli.Error.ToString()));
        Assert.Equal("""{"models":[]}""", await server.Client.GetStringAsync("/api/ps"));
        Assert.Equal(
            "model 'talker:latest' is not in the model store but comes with the program or its command line: it cannot be deleted",
            await At(server).FailAsync("rm", "talker"));
        Assert.Equal("model \"nope\" not found", await At(server).FailAsync("cp", "nope", "x"));
        Assert.Equal("destination \"a b\" is invalid", await At(server).FailAsync("cp", "talker", "a b"));
        Assert.Equal("model 'nope:latest' not found", await At(server).FailAsync("show", "nope"));
    }

    [Fact]
    public async Task ShowPrintsSections()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        await using ServerUnderTest server = await StartAsync(fixture);
        string text = (await RunAsync(server, "show", "tiny")).Out;
        Assert.Equal(
            """
              Model
                architecture        qwen3
                parameters          N
                context length      N
                embedding length    N
                quantization        Q8_0

              Capabilities
                completion

              Parameters
                stop           "<|end|>"
                stop           "<|user|>"
                temperature    0.5
                num_ctx        128

              System
                You are tiny.

              License
                The first licence.
                Second line.
                ...


            """.ReplaceLineEndings("\n"),
            Regex.Replace(text, @"(parameters|length) +[\d.]+[KMB]?\n", match => Regex.Replace(match.Value, @"[\d.]+[KMB]?\n", "N\n")));
        string verbose = (await RunAsync(server, "show", "--verbose", "tiny")).Out;
        Assert.Matches(@"\n  Metadata\n(    \S+ +\S.*\n)*    general\.architecture +qwen3\n", verbose);
        Assert.Matches(@"\n    tokenizer\.ggml\.tokens +\[.*\.\.\.\+\d+ more\]\n", verbose);
        Assert.Matches(@"\n  Tensors\n(    \S+ +\S+ +\[[\d ]+\]\n)+\n", verbose);
    }

    [Theory]
    [InlineData("--system", "You are tiny.\n")]
    [InlineData("--template", StoreFixture.Template + "\n")]
    [InlineData("--license", "The first licence.\nSecond line.\n\nThe other licence.\n")]
    [InlineData("--parameters", "stop                           \"<|end|>\"\nstop                           \"<|user|>\"\ntemperature                    0.5\nnum_ctx                        128\n")]
    public async Task ShowPrintsOnePart(string option, string expected)
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        await using ServerUnderTest server = await StartAsync(fixture);
        Assert.Equal((expected, 0), await RunAsync(server, "show", option, "tiny"));
        Assert.Equal(
            "only one of '--license', '--modelfile', '--parameters', '--system', or '--template' can be specified",
            await At(server).FailAsync("show", option, "--modelfile", "tiny"));
        Assert.StartsWith("# Modelfile", (await RunAsync(server, "show", "tiny", "--modelfile")).Out, StringComparison.Ordinal);
        Assert.Equal("You are tiny.", JsonDocument.Parse((await RunAsync(server, "show", "--json", "tiny")).Out).RootElement.GetProperty("system").GetString());
    }

    [Fact]
    public async Task PsSpeaksJsonToo()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        await server.AskJsonAsync("/api/generate", """{"model":"talker","keep_alive":-1}""");
        JsonElement models = JsonDocument.Parse((await RunAsync(server, "ps", "--json")).Out).RootElement.GetProperty("models");
        Assert.Equal("talker:latest", models[0].GetProperty("name").GetString());
        Assert.Equal(0, JsonDocument.Parse((await RunAsync(server, "ps", "--json", "no")).Out).RootElement.GetProperty("models").GetArrayLength());
    }

    [Theory]
    [InlineData("list")]
    [InlineData("ls", "x")]
    [InlineData("show", "tiny")]
    [InlineData("cp", "a", "b")]
    [InlineData("rm", "tiny")]
    public async Task WithoutAServerTheySayWhatTheOriginalSays(params string[] args)
    {
        string nowhere;
        await using (ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine()))
        {
            nowhere = $"127.0.0.1:{server.Port}";
        }
        CliUnderTest cli = new() { Variables = { ["OLLAMA_HOST"] = nowhere } };
        Assert.StartsWith("could not connect to ollama server, run 'ollama serve' to start it", await cli.FailAsync(args), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0001-01-01T00:00:00Z", "Never")]
    [InlineData("2026-01-01T11:00:00Z", "About an hour ago")]
    [InlineData("2025-12-01T12:00:00+01:00", "4 weeks ago")]
    public void TheListSaysWhenAModelWasChanged(string modified, string expected)
    {
        StringWriter writer = new() { NewLine = "\n" };
        string answer = $$"""{"models":[{"name":"m:latest","size":4700000000,"digest":"0123456789abcdef","modified_at":"{{modified}}"}]}""";
        ListCommand.Write(writer, JsonDocument.Parse(answer).RootElement, _ => true, new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
        Assert.Equal($"NAME        ID              SIZE      MODIFIED\nm:latest    0123456789ab    4.7 GB    {expected}\n", writer.ToString());
    }

    private static Task<ServerUnderTest> StartAsync(StoreFixture fixture) =>
        ServerUnderTest.StartAsync(new ScriptedEngine(), options => options with { StoreFolder = fixture.Root, Models = [options.Models[0] with { Names = ["talker"] }] });

    private static CliUnderTest At(ServerUnderTest server) => new() { Variables = { ["OLLAMA_HOST"] = $"127.0.0.1:{server.Port}" } };

    private static async Task<(string Out, int Code)> RunAsync(ServerUnderTest server, params string[] args)
    {
        CliUnderTest cli = At(server);
        int code = await cli.RunAsync(args);
        Assert.Equal("", cli.Error.ToString());
        return (cli.Out.ToString(), code);
    }
}
