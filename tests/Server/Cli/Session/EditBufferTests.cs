using LocalLlm.Server.Cli.Session.Editing;

namespace LocalLlm.Server.Tests.Cli.Session;

public sealed class EditBufferTests
{
    [Fact]
    public void TypingAndDeleting()
    {
        EditBuffer buffer = new();
        buffer.Insert("helo");
        buffer.Left();
        buffer.Insert("l");
        Check("hell|o", buffer);
        buffer.DeleteBefore();
        buffer.DeleteUnder();
        Check("hel|", buffer);
        buffer.DeleteUnder();
        buffer.Home();
        buffer.DeleteBefore();
        Check("|hel", buffer);
        buffer.End();
        buffer.Right();
        Check("hel|", buffer);
    }

    [Fact]
    public void CharactersAreWhatPeopleTakeForThem()
    {
        EditBuffer buffer = new();
        buffer.Insert("e\u0301漢👩‍👩‍👧x");
        buffer.Left();
        buffer.Left();
        Check("e\u0301漢|👩‍👩‍👧x", buffer);
        buffer.DeleteUnder();
        Check("e\u0301漢|x", buffer);
        buffer.Left();
        buffer.DeleteBefore();
        Check("|漢x", buffer);
    }

    [Fact]
    public void Words()
    {
        EditBuffer buffer = new();
        buffer.Insert("one  two three");
        buffer.WordLeft();
        Check("one  two |three", buffer);
        buffer.WordLeft();
        buffer.WordLeft();
        Check("|one  two three", buffer);
        buffer.WordRight();
        buffer.WordRight();
        Check("one  two| three", buffer);
        buffer.CutWord();
        Check("one  | three", buffer);
        buffer.End();
        buffer.PutBack();
        Check("one   threetwo|", buffer);
    }

    [Fact]
    public void LinesOfAText()
    {
        EditBuffer buffer = new();
        buffer.Insert("first\nse\nthird");
        Assert.True(buffer.Up());
        Check("first\nse|\nthird", buffer);
        Assert.True(buffer.Up());
        Check("fi|rst\nse\nthird", buffer);
        Assert.False(buffer.Up());
        buffer.End();
        Assert.True(buffer.Down());
        Check("first\nse|\nthird", buffer);
        buffer.CutToStart();
        Check("first\n|\nthird", buffer);
        buffer.CutToEnd();
        Check("first\n|third", buffer);
        buffer.CutToStart();
        Check("first|third", buffer);
        Assert.False(buffer.Down());
        buffer.CutToEnd();
        Check("first|", buffer);
        buffer.PutBack();
        Check("firstthird|", buffer);
    }

    [Fact]
    public void OfControlCharactersOnlyTabsAndLineEndsAreTaken()
    {
        EditBuffer buffer = new();
        buffer.Insert("a\r\nb\rc\td\e[31m\0\u0085e");
        Check("a\nb\nc\td[31m\ne|", buffer); // U+0085 ends a line too
    }

    private static void Check(string expected, EditBuffer buffer) => Assert.Equal(expected, buffer.Text.Insert(buffer.Cursor, "|"));
}
