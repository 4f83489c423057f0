using LocalLlm.Engine;
using LocalLlm.Server.Cli.Session;

namespace LocalLlm.Server.Tests.Cli.Session;

/// <summary>Transcripts of <c>run MODEL</c> at a terminal.</summary>
public class ChatSessionTests
{
    [Fact]
    public async Task AnswersSeeWhatWasSaidBefore()
    {
        ScriptedEngine engine = new() { Pieces = ["Hel", "lo."] };
        CliUnderTest cli = Terminal(engine, "Hi\n\nAgain\n/bye\nnever read");
        Assert.Equal(0, await cli.RunAsync("run", "smollm2", "--system", "Be kind."));
        Assert.Equal(">>> Hello.\n\n>>> >>> Hello.\n\n>>> ", cli.Out.ToString());
        Assert.Equal(["system:Be kind.", "user:Hi"], Messages(engine, 0));
        Assert.Equal(["system:Be kind.", "user:Hi", "assistant:Hello.", "user:Again"], Messages(engine, 1));
    }

    [Fact]
    public async Task TheEndOfTheInputEndsIt()
    {
        CliUnderTest cli = Terminal(new ScriptedEngine(), "");
        Assert.Equal(0, await cli.RunAsync("run", "smollm2"));
        Assert.Equal(">>> ", cli.Out.ToString());
    }

    [Fact]
    public async Task ClearForgetsAllButTheSystemMessage()
    {
        ScriptedEngine engine = new() { Pieces = ["ok"] };
        CliUnderTest cli = Terminal(engine, "one\n/clear\ntwo\n");
        await cli.RunAsync("run", "smollm2", "--system", "S");
        Assert.Equal(["system:S", "user:two"], Messages(engine, 1));
        Assert.Contains("Cleared session context\n", cli.Out.ToString());
    }

    [Fact]
    public async Task CommandsAreKnownOrRefused()
    {
        ScriptedEngine engine = new();
        CliUnderTest cli = Terminal(engine, "/?\n/frob now\n/etc/passwd is a file\n/exit\n");
        await cli.RunAsync("run", "smollm2");
        Assert.Contains("/clear", cli.Out.ToString());
        Assert.Contains("Unknown command '/frob'. Type /? for help\n", cli.Out.ToString());
        Assert.Equal(["user:/etc/passwd is a file"], Messages(engine, 0));
    }

    [Fact]
    public async Task TripleQuotesHoldSeveralLines()
    {
        ScriptedEngine engine = new() { Pieces = ["ok"] };
        CliUnderTest cli = Terminal(engine, "\"\"\"first\n  /bye\nlast\"\"\"\n\"\"\"one line\"\"\"\n");
        await cli.RunAsync("run", "smollm2");
        Assert.StartsWith(">>> ... ... ok\n\n>>> ok\n\n", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Equal(["user:first\n  /bye\nlast"], Messages(engine, 0));
        Assert.Equal("user:one line", Messages(engine, 1)[^1]);
    }

    [Fact]
    public async Task CtrlCStopsAnAnswerAndForgetsIt()
    {
        CliUnderTest cli = null!;
        int answers = 0;
        ScriptedEngine engine = new()
        {
            Pieces = ["a", "b"],
            BeforePiece = (piece, _) =>
            {
                if (piece == 1 && answers++ == 0)
                {
                    cli.Interrupt();
                }
                return Task.CompletedTask;
            },
        };
        cli = Terminal(engine, "first\nsecond\n");
        Assert.Equal(0, await cli.RunAsync("run", "smollm2"));
        Assert.Equal(">>> a\n\n>>> ab\n\n>>> ", cli.Out.ToString());
        Assert.Equal(["user:second"], Messages(engine, 1));
    }

    [Fact]
    public async Task AnErrorDoesNotEndTheConversation()
    {
        CliUnderTest cli = Terminal(new ScriptedEngine { RefusesWith = new TextEngineException(TextEngineErrorKind.InvalidRequest, "No.") }, "a\nb\n");
        Assert.Equal(0, await cli.RunAsync("run", "smollm2"));
        Assert.Equal("Error: No.\nError: No.\n", cli.Error.ToString());
    }

    [Fact]
    public async Task WhatIsSetHoldsForWhatFollows()
    {
        ScriptedEngine engine = new() { Pieces = ["ok"] };
        CliUnderTest cli = Terminal(engine, """"
            one
            /set parameter temperature 0.5
            /set parameter stop "a b" c
            /set parameter num_ctx 128
            /set system """Be
            brief."""
            two
            /set system "Be long."
            /set system Be silent.
            three
            /clear
            four
            """");
        Assert.Equal(0, await cli.RunAsync("run", "smollm2"));
        string output = cli.Out.ToString();
        Assert.Contains("Set parameter 'temperature' to '0.5'\n", output, StringComparison.Ordinal);
        Assert.Contains("Set parameter 'stop' to 'a b, c'\n", output, StringComparison.Ordinal);
        Assert.Contains("Set system message.\n", output, StringComparison.Ordinal);
        Assert.Equal(["user:one", "assistant:ok", "system:Be\nbrief.", "user:two"], Messages(engine, 1));
        Assert.Equal(["user:one", "assistant:ok", "system:Be\nbrief.", "user:two", "assistant:ok", "system:Be silent.", "user:three"], Messages(engine, 2));
        Assert.Equal(["system:Be silent.", "user:four"], Messages(engine, 3));
        GenerationRequest last = engine.Requests.Last();
        Assert.Equal((0.5f, 128), (last.Sampling.Temperature, last.ContextLength!.Value));
        Assert.Equal(["a b", "c"], last.Stop);
    }

    [Fact]
    public async Task MistakesOfSettingAreToldAndChangeNothing()
    {
        ScriptedEngine engine = new() { Pieces = ["ok"] };
        CliUnderTest cli = Terminal(engine, "/set parameter temprature 1\n/set parameter top_k many\n/set parameter seed\n/set colour red\n/set format xml\n/set think hard\nhi\n");
        Assert.Equal(0, await cli.RunAsync("run", "smollm2"));
        Assert.Equal(
            "Error: unknown parameter 'temprature'; did you mean 'temperature'?\nError: 'many' is no value of top_k, which takes a whole number\n",
            cli.Error.ToString());
        Assert.Contains("Usage:\n  /set parameter <name> <value>\n", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("Unknown command '/set colour'. These are known:\n", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("Usage:\n  /set format json\n", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("Usage:\n  /set think [low|medium|high|max]\n", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Equal(0.2f, engine.OnlyRequest.Sampling.Temperature);
    }

    [Fact]
    public async Task ModesAreConfirmed()
    {
        ScriptedEngine engine = new() { Pieces = ["ok"] };
        CliUnderTest cli = Terminal(engine, "/set verbose\nhi\n/set quiet\n/set nowordwrap\n/set wordwrap\n/set format json\nhi\n/set noformat\n/set think\n/set nothink\n/set history\n/set nohistory\nhi\n");
        Assert.Equal(0, await cli.RunAsync("run", "smollm2"));
        Assert.Equal(
            ">>> Set 'verbose' mode.\n>>> ok\n\n>>> Set 'quiet' mode.\n>>> Set 'nowordwrap' mode.\n>>> Set 'wordwrap' mode.\n>>> Set format to 'json' mode.\n>>> >>> Disabled format.\n"
            + ">>> Warning: the model 'smollm2' does not support thinking, and refuses questions that ask for it.\nSet 'think' mode.\n>>> Set 'nothink' mode.\n>>> >>> >>> ok\n\n>>> ",
            cli.Out.ToString());
        Assert.Contains("total duration:", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Contains("Error: this version of LocalLlm does not support structured output", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.False(engine.Requests.Last().Think);
    }

    [Fact]
    public async Task ShowTellsOfTheModelAndOfWhatWasSet()
    {
        CliUnderTest cli = Terminal(new ScriptedEngine(), "/show info\n/show license\n/show system\n/set parameter seed 7\n/show parameters\n/set system S\n/show system\n/show modelfile\n/show template\n/show\n/show colour\n");
        Assert.Equal(0, await cli.RunAsync("run", "smollm2"));
        string output = cli.Out.ToString();
        Assert.Contains("    architecture        llama\n", output, StringComparison.Ordinal);
        Assert.Contains(">>> Apache-2.0\n", output, StringComparison.Ordinal);
        Assert.Contains(">>> No system message was specified for this model.\n", output, StringComparison.Ordinal);
        Assert.Contains("Model defined parameters:\n  temperature                    0.2\n", output, StringComparison.Ordinal);
        Assert.Contains("User defined parameters:\n  seed                           7\n", output, StringComparison.Ordinal);
        Assert.Contains(">>> S\n", output, StringComparison.Ordinal);
        Assert.Contains("\nFROM ", output, StringComparison.Ordinal);
        Assert.Contains("<|im_start|>", output, StringComparison.Ordinal);
        Assert.Contains("Unknown command '/show colour'. These are known:\n", output, StringComparison.Ordinal);
        Assert.Equal("", cli.Error.ToString());
    }

    [Fact]
    public async Task LoadTakesAnotherModelAndStaysWithTheOldOneIfThereIsNone()
    {
        ScriptedEngine engine = new() { Pieces = ["ok"] };
        CliUnderTest cli = Terminal(engine, "one\n/load nope\ntwo\n/load smollm2:135m\nthree\n/load\n/list smol\n");
        Assert.Equal(0, await cli.RunAsync("run", "smollm2", "--system", "S"));
        Assert.StartsWith("Error: There is no model 'nope'", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Equal(["system:S", "user:one", "assistant:ok", "user:two"], Messages(engine, 1));
        Assert.Equal(["system:S", "user:three"], Messages(engine, 2));
        Assert.Contains("Loading model 'smollm2:135m'\n", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("Usage:\n  /load <modelname>\n", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("smollm2:135m      ", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, cli.Opened.Count);
    }

    [Fact]
    public async Task AServersModelIsAskedThroughItsApi()
    {
        ScriptedEngine engine = new() { Pieces = ["ok"] };
        await using ServerUnderTest server = await ServerUnderTest.StartAsync(engine);
        CliUnderTest cli = new() { AtTerminal = true, Input = "one\n/load tolker\n/load talker:small\ntwo\n/save kept\n/list talk\n/bye\n" };
        cli.Variables["OLLAMA_HOST"] = $"127.0.0.1:{server.Port}";
        Assert.Equal(0, await cli.RunAsync("run", "talker", "--seed", "5"));
        Assert.Equal(["user:one"], Messages(engine, 0));
        Assert.Equal(["user:two"], Messages(engine, 1));
        Assert.Equal(5, engine.Requests.Last().Sampling.Seed);
        Assert.Contains("Error: Couldn't find model 'tolker'; did you mean 'talker'?\n", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Contains("talker:small    ", cli.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PicturesAreRefusedWhereNobodySees()
    {
        string picture = Path.Combine(Directory.CreateTempSubdirectory("picture").FullName, "a cat.png");
        await File.WriteAllTextAsync(picture, "");
        ScriptedEngine engine = new() { Pieces = ["ok"] };
        string escaped = picture.Replace(" ", "\\ ", StringComparison.Ordinal);
        CliUnderTest cli = Terminal(engine, $"What is in {escaped}?\n'{picture}'\nWhat is ./missing.png?\n");
        Assert.Equal(0, await cli.RunAsync("run", "smollm2"));
        string sentence = $"Error: the model 'smollm2' does not support images, and the message names the file '{picture}': ask a model that sees, or leave the path out\n";
        Assert.Equal(sentence + sentence, cli.Error.ToString());
        Assert.Equal("What is ./missing.png?", engine.OnlyRequest.Messages![^1].Content);
        Directory.Delete(Path.GetDirectoryName(picture)!, recursive: true);
    }

    [Fact]
    public void ASavedModelIsMadeOfWhatWasSaidAndSet()
    {
        SessionState state = new(new CardBackend(), new ChatQuestion { Messages = [new SessionMessage("system", "S")], Options = new() { ["seed"] = 7 } }, new AnswerStyle());
        state.Messages.AddRange([new SessionMessage("user", "q"), new SessionMessage("assistant", "a")]);
        state.Template = "T";
        Assert.Equal(
            """{"model":"new","from":"base:1b","system":"S","template":"T","parameters":{"seed":7},"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}""",
            state.Recipe("new").ToJsonString());
    }

    private static CliUnderTest Terminal(ScriptedEngine engine, string input) => new() { Engine = engine, Input = input, AtTerminal = true };

    private static string[] Messages(ScriptedEngine engine, int request) =>
        [.. engine.Requests.ElementAt(request).Messages!.Select(message => $"{message.Role}:{message.Content}")];
}
