using LocalLlm.Engine;

namespace LocalLlm.Server.Tests.Cli;

/// <summary>Transcripts of <c>run MODEL</c> at a terminal.</summary>
public class ChatLoopTests
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

    private static CliUnderTest Terminal(ScriptedEngine engine, string input) => new() { Engine = engine, Input = input, AtTerminal = true };

    private static string[] Messages(ScriptedEngine engine, int request) =>
        [.. engine.Requests.ElementAt(request).Messages!.Select(message => $"{message.Role}:{message.Content}")];
}
