using LocalLlm.Engine.Sampling;

namespace LocalLlm.Engine.Tests.Sampling;

public class StopMatcherTests
{
    [Fact]
    public void FindsAStopStringAcrossPieces()
    {
        StopMatcher matcher = new(["<|end|>"]);
        Assert.Equal("Hello ", matcher.Append("Hello <|e"));
        Assert.Equal("", matcher.Append("nd"));
        Assert.Null(matcher.Hit);
        Assert.Equal("", matcher.Append("|> and more"));
        Assert.Equal("<|end|>", matcher.Hit);
        Assert.Equal("", matcher.Append("never seen"));
        Assert.Equal("", matcher.Flush());
    }

    [Fact]
    public void HoldsBackOnlyWhatMayBegin()
    {
        StopMatcher matcher = new(["\n\nUser:", "###"]);
        Assert.Equal("a", matcher.Append("a\n"));
        Assert.Equal("\nb", matcher.Append("b"));
        Assert.Equal("", matcher.Append("##"));
        Assert.Equal("## c\n", matcher.Append(" c\n\n\n"));
        Assert.Equal("", matcher.Append("User"));
        Assert.Equal("\n\nUser", matcher.Flush());
        Assert.Null(matcher.Hit);
    }

    [Fact]
    public void WhatIsCompleteFirstWinsAndThenTheLongest()
    {
        Assert.Equal(("a", "bc"), Run(["abcd", "bc"], "abcd"));
        Assert.Equal(("", "abc"), Run(["bc", "abc"], "abcd"));
        Assert.Equal(("", "ab"), Run(["ab", "abc"], "abc"));
    }

    [Fact]
    public void WithoutStopStringsTextPassesThrough()
    {
        Assert.Equal(("anything\n", null), Run([], "anything\n"));
        Assert.Equal(("anything\n", null), Run([""], "anything\n"));
    }

    [Fact]
    public void UnicodeIsMatchedUnitByUnit()
    {
        // The two emoji share their high surrogate.
        Assert.Equal(("x😀", "😃"), Run(["😃"], "x😀😃y"));
        Assert.Equal(("日", "本語"), Run(["本語"], "日本語"));
        Assert.Equal(("e\u0301", null), Run(["é"], "e\u0301")); // text is not normalised
    }

    [Fact]
    public void AnyCutIntoPiecesGivesWhatTheWholeTextGives()
    {
        Random random = new(9);
        for (int round = 0; round < 20_000; round++)
        {
            string alphabet = round % 3 == 0 ? "ab" : round % 3 == 1 ? "abc😀😃" : "<|im_end>\n";
            string text = RandomText(random, alphabet, random.Next(0, 40));
            string[] stops = [.. Enumerable.Range(0, random.Next(0, 6)).Select(_ => RandomText(random, alphabet, random.Next(0, 7)))];
            (string Text, string? Hit) expected = FirstStop(text, stops);

            StopMatcher matcher = new(stops);
            string output = "", fed = "";
            foreach (string piece in Cut(random, text))
            {
                output += matcher.Append(piece);
                fed += piece;
                Assert.True(matcher.Hit is not null || output == SafeBeginning(fed, stops), "held back too much or too little");
            }
            output += matcher.Flush();
            Assert.Equal(expected, (output, matcher.Hit));
        }
    }

    private static (string Text, string? Hit) Run(string[] stops, string text)
    {
        StopMatcher matcher = new(stops);
        string output = string.Concat(text.Chunk(1).Select(unit => matcher.Append(new string(unit)))) + matcher.Flush();
        return (output, matcher.Hit);
    }

    /// <summary>The oracle: the shortest beginning of the text that holds a stop string, cut where the first one in it starts.</summary>
    private static (string Text, string? Hit) FirstStop(string text, string[] stops)
    {
        for (int end = 1; end <= text.Length; end++)
        {
            string beginning = text[..end];
            string? hit = stops.Where(stop => stop.Length > 0 && beginning.Contains(stop, StringComparison.Ordinal)).MaxBy(stop => stop.Length);
            if (hit is not null)
            {
                return (beginning[..beginning.IndexOf(hit, StringComparison.Ordinal)], hit);
            }
        }
        return (text, null);
    }

    private static string SafeBeginning(string text, string[] stops)
    {
        int held = Enumerable.Range(0, text.Length + 1).Last(n => n == 0 || stops.Any(stop => stop.StartsWith(text[^n..], StringComparison.Ordinal)));
        return text[..^held];
    }

    private static string RandomText(Random random, string alphabet, int length)
    {
        string[] characters = [.. alphabet.EnumerateRunes().Select(rune => rune.ToString())];
        return string.Concat(Enumerable.Range(0, length).Select(_ => characters[random.Next(characters.Length)]));
    }

    private static IEnumerable<string> Cut(Random random, string text)
    {
        string piece = "";
        foreach (System.Text.Rune rune in text.EnumerateRunes())
        {
            piece += rune;
            if (random.Next(3) == 0)
            {
                yield return piece;
                piece = "";
            }
        }
        yield return piece;
    }
}
