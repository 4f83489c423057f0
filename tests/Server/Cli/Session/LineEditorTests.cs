using System.Text;
using LocalLlm.Server.Cli.Session.Editing;

namespace LocalLlm.Server.Tests.Cli.Session;

/// <summary>The editor on a scripted terminal of 20 by 5 cells, and what its screen shows.</summary>
public sealed class LineEditorTests
{
    [Fact]
    public void ALineIsTypedAndSubmitted()
    {
        (InputLine line, Screen screen) = Type("hello\r");
        Assert.Equal(new InputLine(LineEnd.Submitted, "hello"), line);
        Assert.Equal(">>> hello", screen.Text);
        Assert.Equal((1, 0), screen.Cursor);
    }

    [Fact]
    public void ThePlaceholderIsGoneOnceSomethingIsTyped()
    {
        Screen screen = new(20, 5);
        LinePainter painter = new(screen, () => 20, () => 5);
        painter.Paint(">>> ", "Say it", "", 0);
        Assert.Equal(">>> Say it", screen.Text);
        Assert.Equal((0, 4), screen.Cursor);
        painter.Paint(">>> ", "Say it", "x", 1);
        Assert.Equal(">>> x", screen.Text);
    }

    [Theory]
    [InlineData("abcdefghijklmnop", ">>> abcdefghijklmnop\n", 1, 0)] // the row is full: the cursor is on the next
    [InlineData("abcdefghijklmnopq", ">>> abcdefghijklmnop\nq", 1, 1)]
    [InlineData("漢字漢字漢字漢字漢", ">>> 漢字漢字漢字漢字\n漢", 1, 2)]
    [InlineData("one\ntwo", ">>> one\n... two", 1, 7)]
    public void LongLinesAreCutAtTheWidth(string text, string expected, int row, int column)
    {
        Screen screen = new(20, 5);
        new LinePainter(screen, () => 20, () => 5).Paint(">>> ", "", text, text.Length);
        Assert.Equal(expected.TrimEnd('\n'), screen.Text);
        Assert.Equal((row, column), screen.Cursor);
    }

    [Fact]
    public void WhatWasDrawnIsReplacedWhereverTheCursorWas()
    {
        Screen screen = new(20, 5);
        LinePainter painter = new(screen, () => 20, () => 5);
        painter.Paint(">>> ", "", "a\nb\nc", 5);
        painter.Paint(">>> ", "", "a\nb\nc", 0);
        Assert.Equal((0, 4), screen.Cursor);
        painter.Paint(">>> ", "", "x", 1);
        Assert.Equal(">>> x", screen.Text);
    }

    [Fact]
    public void OfATextThatIsHigherThanTheScreenTheRowsAroundTheCursorAreShown()
    {
        Screen screen = new(20, 5);
        LinePainter painter = new(screen, () => 20, () => 5);
        string text = string.Join('\n', Enumerable.Range(1, 9));
        painter.Paint(">>> ", "", text, text.Length);
        Assert.Equal("... 5\n... 6\n... 7\n... 8\n... 9", screen.Text);
        painter.Paint(">>> ", "", text, 0);
        Assert.Equal(">>> 1\n... 2\n... 3\n... 4\n... 5", screen.Text);
        Assert.Equal((0, 4), screen.Cursor);
    }

    [Theory]
    [InlineData("ac\e[Db\r", "abc")]
    [InlineData("old\u0015new\r", "new")]
    [InlineData("a\nb\r", "a\nb")]
    [InlineData("\e[200~one\r\ntwo\e[201~\r", "one\ntwo")]
    [InlineData("ab\u0001\u0004\r", "b")] // Ctrl-D deletes where there is something
    [InlineData("x\e[A\e[A\r", "first")]
    [InlineData("x\e[A\e[A\e[B\e[B!\r", "x!")]
    [InlineData("draft\u0007\r", "DRAFT")]
    public void KeysEdit(string keys, string expected) => Assert.Equal(expected, Type(keys, "first", "second").Line.Text);

    [Fact]
    public void CtrlCGivesTheLineUpAndCtrlDEnds()
    {
        Assert.Equal(new InputLine(LineEnd.Interrupted, "half"), Type("half\u0003").Line);
        Assert.Equal(LineEnd.EndOfInput, Type("\u0004").Line.End);
        Assert.Equal(LineEnd.EndOfInput, Type("").Line.End);
    }

    [Fact]
    public void TheTerminalIsGivenBack()
    {
        ScriptedTerminal terminal = new("a\u001ab\r");
        StringWriter writer = new();
        new LineEditor(terminal, writer, new InputHistory(null), text => text).Read(">>> ", "");
        Assert.Equal("raw cooked suspended raw cooked", string.Join(' ', terminal.Calls));
        Assert.EndsWith("\e[?2004l", writer.ToString(), StringComparison.Ordinal);
    }

    private static (InputLine Line, Screen Screen) Type(string keys, params string[] before)
    {
        InputHistory history = new(null);
        Array.ForEach(before, history.Add);
        Screen screen = new(20, 5);
        return (new LineEditor(new ScriptedTerminal(keys), screen, history, text => text.ToUpperInvariant()).Read(">>> ", "Say it"), screen);
    }

    private sealed class ScriptedTerminal(string keys) : ITerminal
    {
        private byte[] _keys = Encoding.UTF8.GetBytes(keys);

        public List<string> Calls { get; } = [];

        public int Columns => 20;

        public int Rows => 5;

        public IDisposable EnterRaw()
        {
            Calls.Add("raw");
            return new Cooked(Calls);
        }

        public byte[] Read()
        {
            byte[] all = _keys;
            _keys = [];
            return all;
        }

        public bool IsMoreNear() => false;

        public void Suspend() => Calls.Add("suspended");

        private sealed class Cooked(List<string> calls) : IDisposable
        {
            public void Dispose() => calls.Add("cooked");
        }
    }
}
