using LocalLlm.Engine;
using LocalLlm.Server.Cli;
using LocalLlm.Server.Cli.Session;

namespace LocalLlm.Server.Tests.Cli.Session;

public sealed class AnswerPrinterTests
{
    private static readonly AnswerPart s_end = new() { End = new AnswerEnd(TimeSpan.Zero, TimeSpan.Zero, new GenerationUsage(0, 0, 0, default, default, default), 0, null) };

    [Fact]
    public async Task ThinkingIsFramed()
    {
        (string output, SessionMessage answer) = await PrintAsync(new AnswerStyle(), Thought("let me "), Thought("see"), Said("Four"), Said("."), s_end);
        Assert.Equal("Thinking...\nlet me see\n...done thinking.\n\nFour.\n\n", output);
        Assert.Equal(("Four.", "let me see"), (answer.Content, answer.Thinking));
    }

    [Fact]
    public async Task ThinkingIsGreyOnATerminalAndCanBeHidden()
    {
        AnswerPart[] parts = [Thought("hm\n"), Said("Yes"), s_end];
        Assert.Equal("\e[38;5;245mThinking...\nhm\n...done thinking.\n\n\e[0mYes\n\n", (await PrintAsync(new AnswerStyle { HasColours = true }, parts)).Output);
        Assert.Equal("Yes\n\n", (await PrintAsync(new AnswerStyle { HasColours = true, HidesThinking = true }, parts)).Output);
    }

    [Fact]
    public async Task ToolCallsAreNotices() => Assert.Equal(
        "(The model wants to call the tool 'weather', which run does not have.)\n\n\n",
        (await PrintAsync(new AnswerStyle(), new AnswerPart { ToolCalls = ["weather"] }, s_end)).Output);

    [Fact]
    public async Task AnAnswerWithoutItsEndIsAnError() =>
        await Assert.ThrowsAsync<CommandLineException>(() => PrintAsync(new AnswerStyle(), Said("half")));

    [Theory]
    [InlineData("alpha beta gamma", 15, "alpha beta\ngamma")] // ten columns: the space is the break
    [InlineData("alpha betas gamma", 15, "alpha beta\e[4D\e[K\nbetas gamm\e[4D\e[K\ngamma")]
    [InlineData("abcdefghijklmnop", 15, "abcdefghij\nklmnop")]
    [InlineData("one\ntwo three four", 15, "one\ntwo three \nfour")]
    [InlineData("日本語の文章です", 15, "日本語の文\n章です")]
    public void WordsAreWrapped(string text, int columns, string expected)
    {
        // The text comes character by character, as it might.
        StringWriter writer = new();
        WordWrap wrap = new(writer, () => columns);
        foreach (char c in text)
        {
            wrap.Write(c.ToString());
        }
        Assert.Equal(expected, writer.ToString());
    }

    [Theory]
    [InlineData("a", 1)]
    [InlineData("é", 1)]
    [InlineData("e\u0301", 1)]
    [InlineData("漢", 2)]
    [InlineData("한", 2)]
    [InlineData("ｱ", 1)]
    [InlineData("👩‍👩‍👧", 2)]
    [InlineData("\u200b", 0)]
    public void CellsOfCharacters(string cluster, int cells) => Assert.Equal(cells, CellWidth.OfCluster(cluster));

    private static AnswerPart Said(string text) => new() { Text = text };

    private static AnswerPart Thought(string text) => new() { Thinking = text };

    private static async Task<(string Output, SessionMessage Answer)> PrintAsync(AnswerStyle style, params AnswerPart[] parts)
    {
        StringWriter writer = new();
        CliHost host = new() { In = TextReader.Null, Out = writer, Error = TextWriter.Null, Variable = _ => null, ProgramFolder = "", OnInterrupt = _ => throw new NotSupportedException() };
        SessionMessage answer = await new AnswerPrinter(host, style).PrintAsync(parts.ToAsyncEnumerable(), CancellationToken.None);
        return (writer.ToString(), answer);
    }
}
