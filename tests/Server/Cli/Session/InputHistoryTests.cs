using LocalLlm.Server.Cli.Session.Editing;

namespace LocalLlm.Server.Tests.Cli.Session;

public sealed class InputHistoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("history").FullName;

    private string File => Path.Combine(_folder, "new", "history");

    [Fact]
    public void GoesBackAndForthAndKeepsTheDraft()
    {
        InputHistory history = new(null);
        history.Add("one");
        history.Add("two");
        history.Add("two");
        history.Add("  ");
        Assert.Equal(["one", "two"], history.Lines);
        Assert.Equal("two", history.Previous("dra"));
        Assert.Equal("one", history.Previous("two"));
        Assert.Null(history.Previous("one"));
        Assert.Equal("two", history.Next());
        Assert.Equal("dra", history.Next());
        Assert.Null(history.Next());
    }

    [Fact]
    public void TheFileHoldsTheLastHundredLinesForItsUserAlone()
    {
        InputHistory history = new(File);
        for (int i = 0; i < 120; i++)
        {
            history.Add($"line {i}");
        }
        history.Add("of\ntwo lines");
        string[] lines = System.IO.File.ReadAllLines(File);
        Assert.Equal(100, lines.Length);
        Assert.Equal(("line 21", "of two lines"), (lines[0], lines[^1]));
        Assert.Equal(lines, new InputHistory(File).Lines);
        Assert.Equal(["history"], Directory.EnumerateFiles(Path.GetDirectoryName(File)!).Select(path => Path.GetFileName(path)));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        }
    }

    [Fact]
    public void SessionsShareTheFile()
    {
        InputHistory first = new(File), second = new(File);
        first.Add("a");
        second.Add("b");
        first.Add("c");
        Assert.Equal(["a", "b", "c"], System.IO.File.ReadAllLines(File));
    }

    [Fact]
    public void WhatIsTypedWhileItIsOffIsForgotten()
    {
        InputHistory history = new(File) { IsOn = false };
        history.Add("secret");
        Assert.Empty(history.Lines);
        Assert.False(System.IO.File.Exists(File));
    }

    [Fact]
    public void AFolderThatCannotBeDisturbsNobody()
    {
        System.IO.File.WriteAllText(Path.Combine(_folder, "new"), "a file where the folder should be");
        InputHistory history = new(File);
        history.Add("line");
        Assert.Equal(["line"], history.Lines);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
