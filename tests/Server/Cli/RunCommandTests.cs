using LocalLlm.Engine;
using LocalLlm.Server.Cli;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Cli;

public class RunCommandTests
{
    [Fact]
    public async Task StreamsTheAnswerOfTheBundledModel()
    {
        ScriptedEngine engine = new() { Pieces = ["The capital", " is ", "Paris."] };
        CliUnderTest cli = new() { Engine = engine };
        Assert.Equal(0, await cli.RunAsync("run", "smollm2", "What", "is the", "capital?"));
        Assert.Equal("The capital is Paris.\n\n", cli.Out.ToString());
        Assert.Equal("", cli.Error.ToString());
        Assert.Equal(Path.Combine(RepoPaths.Root, "models", "SmolLM2-135M-Instruct.Q4_1.gguf"), Assert.Single(cli.Opened).Path);
        Assert.True(engine.IsDisposed);

        GenerationRequest request = engine.OnlyRequest;
        Assert.Equal([("user", "What is the capital?")], request.Messages!.Select(message => (message.Role, message.Content)));
        Assert.Equal(0.2f, request.Sampling.Temperature); // the manifest's default
        Assert.Equal(0.9f, request.Sampling.TopP);
        Assert.Null(request.Think);
    }

    [Fact]
    public async Task TheBundledModelKnowsTheCapitalOfFrance()
    {
        // Float activations, where the reference's answer is exact: this test is of the command's way to the real engine and back.
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync(
            "run", "smollm2", "What is the capital of France?", "--temperature", "0", "--num-predict", "24", "--ctx", "256", "--activations", "f32"));
        Assert.Equal("The capital of France is Paris.\n\n", cli.Out.ToString());
        Assert.Equal("", cli.Error.ToString());
    }

    [Theory]
    [InlineData("from stdin", new[] { "then", "words" }, "from stdin then words")]
    [InlineData("line\n", new[] { "Explain." }, "line\n Explain.")]
    [InlineData("only stdin", new string[0], "only stdin")]
    [InlineData("", new[] { "two words", "more" }, "two words more")]
    public async Task StandardInputStandsBeforeTheWords(string input, string[] words, string expected)
    {
        ScriptedEngine engine = new();
        Assert.Equal(0, await new CliUnderTest { Engine = engine, Input = input }.RunAsync(["run", "smollm2", .. words]));
        Assert.Equal(expected, Assert.Single(engine.OnlyRequest.Messages!).Content);
    }

    [Theory]
    [InlineData(false, new string[0])]
    [InlineData(false, new[] { "" })]
    [InlineData(true, new[] { "" })]
    public async Task WithoutAPromptItOnlyLoads(bool atTerminal, string[] words)
    {
        ScriptedEngine engine = new();
        CliUnderTest cli = new() { Engine = engine, AtTerminal = atTerminal };
        Assert.Equal(0, await cli.RunAsync(["run", "smollm2", .. words]));
        Assert.Single(cli.Opened);
        Assert.Empty(engine.Requests);
        Assert.Equal("", cli.Out.ToString());
    }

    [Fact]
    public async Task OptionsGoOverTheModelsDefaults()
    {
        ScriptedEngine engine = new();
        CliUnderTest cli = new() { Engine = engine };
        Assert.Equal(0, await cli.RunAsync(
            "run", "smollm2", "hi", "--temperature", "0", "--seed", "42", "--top-k", "5", "--min-p=0.1", "--typical-p", "0.8", "--repeat-penalty", "1.1", "--repeat-last-n", "-1",
            "--presence-penalty", "0.5", "--frequency-penalty", "-0.5", "--num-predict", "7", "--stop", "a", "--stop", "b", "--system", "Be brief.", "--think=false"));
        GenerationRequest request = engine.OnlyRequest;
        Assert.Equal((0f, 42L, 5, 0.9f), (request.Sampling.Temperature, request.Sampling.Seed!.Value, request.Sampling.TopK, request.Sampling.TopP));
        Assert.Equal((0.1f, 0.8f, 1.1f, -1), (request.Sampling.MinP, request.Sampling.TypicalP, request.Sampling.RepeatPenalty, request.Sampling.RepeatLastN));
        Assert.Equal((0.5f, -0.5f), (request.Sampling.PresencePenalty, request.Sampling.FrequencyPenalty));
        Assert.Equal(7, request.MaxTokens);
        Assert.Equal(["a", "b"], request.Stop);
        Assert.False(request.Think);
        Assert.Equal(["system", "user"], request.Messages!.Select(message => message.Role));
    }

    [Fact]
    public async Task ThinkAloneMeansTrueAndTakesNoWordOfThePrompt()
    {
        ScriptedEngine engine = new ScriptedEngine().With(ModelCapabilities.Completion | ModelCapabilities.Thinking);
        await new CliUnderTest { Engine = engine }.RunAsync("run", "smollm2", "--think", "why", "@me");
        Assert.True(engine.OnlyRequest.Think);
        Assert.Equal("why @me", Assert.Single(engine.OnlyRequest.Messages!).Content);
        Assert.Equal("\"smollm2\" does not support thinking", await new CliUnderTest { Engine = new ScriptedEngine() }.FailAsync("run", "smollm2", "--think=low", "why"));
    }

    [Fact]
    public async Task DashesAfterADoubleDashArePartOfThePrompt()
    {
        ScriptedEngine engine = new();
        await new CliUnderTest { Engine = engine }.RunAsync("run", "smollm2", "--", "--verbose", "-x");
        Assert.Equal("--verbose -x", Assert.Single(engine.OnlyRequest.Messages!).Content);
    }

    [Fact]
    public async Task VerbosePrintsWhatComputesAndTheTimings()
    {
        CliUnderTest cli = new()
        {
            Engine = new ScriptedEngine { Usage = new(26, 6, 290, TimeSpan.Zero, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(4)) },
        };
        Assert.Equal(0, await cli.RunAsync("run", "smollm2", "hi", "--verbose", "--simd", "scalar", "--threads", "2"));
        string[] lines = cli.Error.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal("simd scalar, threads 2, kv f16, activations q8", lines[0]);
        Assert.Matches(@"^total duration:       \d+(\.\d+)?m?s$", lines[1].Replace("µ", "m"));
        Assert.StartsWith("load duration:        ", lines[2], StringComparison.Ordinal);
        Assert.Equal(
            [
                "prompt eval count:    26 token(s)",
                "prompt eval duration: 100ms",
                "prompt eval rate:     200.00 tokens/s",
                "eval count:           290 token(s)",
                "eval duration:        4s",
                "eval rate:            72.50 tokens/s",
            ],
            lines[3..]);
    }

    [Fact]
    public void TimingsLeaveOutWhatIsZero()
    {
        StringWriter writer = new() { NewLine = "\n" };
        Timings.Write(writer, TimeSpan.FromSeconds(2), TimeSpan.Zero, new GenerationUsage(5, 5, 0, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero));
        Assert.Equal("total duration:       2s\nprompt eval count:    5 token(s)\n", writer.ToString());
    }

    [Fact]
    public async Task CtrlCEndsTheAnswerWithSuccess()
    {
        CliUnderTest cli = null!;
        ScriptedEngine engine = new()
        {
            Pieces = ["one ", "two ", "three"],
            BeforePiece = (piece, _) =>
            {
                if (piece == 2)
                {
                    cli.Interrupt();
                }
                return Task.CompletedTask;
            },
        };
        cli = new CliUnderTest { Engine = engine };
        Assert.Equal(0, await cli.RunAsync("run", "smollm2", "count"));
        Assert.Equal("one two ", cli.Out.ToString());
        Assert.Equal("", cli.Error.ToString());
        await engine.Cancelled;
    }

    [Fact]
    public async Task AnErrorOfTheEngineIsOneSentence()
    {
        ScriptedEngine engine = new() { RefusesWith = new TextEngineException(TextEngineErrorKind.ContextOverflow, "The prompt is too long.") };
        Assert.Equal("The prompt is too long.", await new CliUnderTest { Engine = engine }.FailAsync("run", "smollm2", "hi"));
    }

    [Fact]
    public async Task SaysWhenTheConversationWasCut()
    {
        CliUnderTest cli = new() { Engine = new ScriptedEngine { Truncation = new Truncation(1, 500, 3000) } };
        Assert.Equal(0, await cli.RunAsync("run", "smollm2", "hi"));
        Assert.Equal("Warning: the conversation is longer than the context of 4096 tokens: 500 tokens were dropped. Ask for more with --ctx.\n", cli.Error.ToString());
    }

    [Fact]
    public async Task AnEmbeddingModelPrintsItsVector()
    {
        ScriptedEngine engine = new ScriptedEngine().With(ModelCapabilities.Embedding);
        CliUnderTest cli = new() { Engine = engine, Input = "text" };
        Assert.Equal(0, await cli.RunAsync("run", "smollm2"));
        Assert.Equal("[0.6,-0.8]\n", cli.Out.ToString());
        Assert.Equal(["text"], Assert.Single(engine.EmbeddingRequests).Inputs);
        Assert.Contains("needs a text", await new CliUnderTest { Engine = engine }.FailAsync("run", "smollm2"), StringComparison.Ordinal);
    }
}
