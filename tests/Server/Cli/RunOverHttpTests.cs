using LocalLlm.Engine;

namespace LocalLlm.Server.Tests.Cli;

/// <summary><c>run</c> of models that a server has.</summary>
public sealed class RunOverHttpTests
{
    [Fact]
    public async Task AsksTheServerWithWhatTheCommandLineSays()
    {
        ScriptedEngine engine = new() { Pieces = ["Pa", "ris."] };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        CliUnderTest cli = At(server, "from stdin");
        Assert.Equal(0, await cli.RunAsync(
            "run", "talker", "and", "words", "--system", "Be brief.", "--temperature", "0", "--seed", "7", "--stop", "x", "--ctx", "128", "--keepalive", "-1m"));
        Assert.Equal(("Paris.\n\n", ""), (cli.Out.ToString(), cli.Error.ToString()));
        Assert.Empty(cli.Opened);
        GenerationRequest request = engine.OnlyRequest;
        Assert.Equal([("system", "Be brief."), ("user", "from stdin and words")], request.Messages!.Select(message => (message.Role, message.Content)));
        Assert.Equal((0f, 7L, 0.75f, 128), (request.Sampling.Temperature, request.Sampling.Seed!.Value, request.Sampling.TopP, request.ContextLength!.Value));
        Assert.Equal(["x"], request.Stop);
        Assert.Contains("2318-01-01", await server.Client.GetStringAsync("/api/ps"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task VerbosePrintsTheServersTimes()
    {
        ScriptedEngine engine = new() { Usage = new(26, 6, 290, TimeSpan.Zero, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(4)) };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        CliUnderTest cli = At(server);
        Assert.Equal(0, await cli.RunAsync("run", "talker", "hi", "--verbose"));
        string[] lines = cli.Error.ToString().TrimEnd('\n').Split('\n');
        Assert.Matches("^total duration:       [0-9]", lines[0]);
        Assert.Matches("^load duration:        [0-9]", lines[1]);
        Assert.Equal(
            [
                "prompt eval count:    26 token(s)",
                "prompt eval duration: 100ms",
                "prompt eval rate:     200.00 tokens/s",
                "eval count:           290 token(s)",
                "eval duration:        4s",
                "eval rate:            72.50 tokens/s",
            ],
            lines[2..]);
    }

    [Fact]
    public async Task WithoutAPromptItOnlyLoads()
    {
        ScriptedEngine engine = new();
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        CliUnderTest cli = At(server);
        Assert.Equal(0, await cli.RunAsync("run", "talker"));
        Assert.Equal("", cli.Out.ToString());
        Assert.Empty(engine.Requests);
        Assert.Contains("talker", await server.Client.GetStringAsync("/api/ps"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AModelThatCannotBePulledIsPerhapsAnotherOne()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        string sentence = await At(server).FailAsync("run", "tolker", "hi");
        Assert.EndsWith("; did you mean 'talker'?", sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("400 Bad Request: this version of LocalLlm does not support structured output: leave format out", "--format", "json")]
    [InlineData("--format must be json or a JSON Schema object, not '[1]'.", "--format", "[1]")]
    [InlineData("--format must be json or a JSON Schema object, not 'xml'.", "--format", "xml")]
    [InlineData("--keepalive must be a duration with a unit, such as 5m or -1m, not '-1'.", "--keepalive", "-1")]
    [InlineData("--think must be true, false, low, medium, high or max, not 'hard'.", "--think=hard")]
    [InlineData("400 Bad Request: \"talker\" does not support thinking", "--think")]
    public async Task AMistakeIsOneSentence(string sentence, params string[] options)
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine());
        Assert.Equal(sentence, await At(server).FailAsync(["run", "talker", "hi", .. options]));
    }

    [Fact]
    public async Task AnAnswerThatBreaksOffIsAnError()
    {
        ScriptedEngine engine = new() { Pieces = ["Half"], BreaksWith = new TextEngineException(TextEngineErrorKind.InvalidRequest, "It broke.") };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        CliUnderTest cli = At(server);
        Assert.Equal(1, await cli.RunAsync("run", "talker", "hi"));
        Assert.Equal(("Half", "Error: It broke.\n"), (cli.Out.ToString(), cli.Error.ToString()));
    }

    [Fact]
    public async Task CtrlCStopsTheAnswerOnTheServerAndEndsWithSuccess()
    {
        CliUnderTest cli = null!;
        ScriptedEngine engine = new()
        {
            Pieces = ["one ", "two"],
            BeforePiece = async (piece, cancelled) =>
            {
                if (piece == 1)
                {
                    while (!cli.Out.ToString().Contains("one", StringComparison.Ordinal))
                    {
                        await Task.Delay(1, cancelled);
                    }
                    cli.Interrupt();
                    await Task.Delay(Timeout.Infinite, cancelled);
                }
            },
        };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        cli = At(server);
        Assert.Equal(0, await cli.RunAsync("run", "talker", "count"));
        Assert.Equal(("one ", ""), (cli.Out.ToString(), cli.Error.ToString()));
        await engine.Cancelled;
    }

    [Fact]
    public async Task AnEmbeddingModelPrintsItsVector()
    {
        ScriptedEngine engine = new ScriptedEngine().With(ModelCapabilities.Embedding);
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        CliUnderTest cli = At(server, "text");
        Assert.Equal(0, await cli.RunAsync("run", "me/embedder:v1", "--dimensions", "1", "--truncate=false"));
        Assert.Equal("[0.6,-0.8]\n", cli.Out.ToString());
        EmbeddingRequest request = Assert.Single(engine.EmbeddingRequests);
        Assert.Equal(("text", false, 1), (Assert.Single(request.Inputs), request.Truncate, request.Dimensions!.Value));
        Assert.StartsWith("embedding models require input text", await At(server).FailAsync("run", "me/embedder:v1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FilesAndOptionsOfComputingAreForThisProcess()
    {
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(new ScriptedEngine { Pieces = ["server"] });
        CliUnderTest cli = new() { Engine = new ScriptedEngine { Pieces = ["here"] }, Variables = { ["OLLAMA_HOST"] = $"127.0.0.1:{server.Port}" } };
        Assert.Equal(0, await cli.RunAsync("run", "smollm2", "hi", "--threads", "1"));
        Assert.Equal(0, await cli.RunAsync("run", LocalLlm.Tests.RepoPaths.Vector("models", "qwen3-q8_0.gguf"), "hi"));
        Assert.Equal("here\n\nhere\n\n", cli.Out.ToString());
        Assert.Equal(2, cli.Opened.Count);
    }

    [Fact]
    public async Task AServerElsewhereIsNotReplacedByThisProcess() => Assert.StartsWith(
        "could not connect to ollama server, run 'ollama serve' to start it",
        await new CliUnderTest { Variables = { ["OLLAMA_HOST"] = "http://host.invalid:1" } }.FailAsync("run", "smollm2", "hi"),
        StringComparison.Ordinal);

    private static CliUnderTest At(ServerUnderTest server, string input = "") => new() { Input = input, Variables = { ["OLLAMA_HOST"] = $"127.0.0.1:{server.Port}" } };
}
