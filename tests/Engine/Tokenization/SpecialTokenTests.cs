using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Tests.Tokenization;

/// <summary>Which texts become special tokens, and what is done with those.</summary>
public class SpecialTokenTests
{
    private static readonly VocabularyFile File = new()
    {
        Pre = "gpt-2",
        Tokens = [.. VocabularyFile.ByteLetters, "<|a|>", "<|a|><|b|>", "[u]", "[u][u][v]", "<unk>", "[pad]", "", "<|im_end|>", "é世"],
        Types = [.. VocabularyFile.ByteLetters.Select(_ => 1), 3, 3, 4, 4, 2, 5, 1, 4, 4],
        Merges = [],
        BosTokenId = 256,
        EosTokenId = 257,
        EotTokenId = 258,
    };

    private static readonly Tokenizer Tokenizer = File.Load();

    [Theory]
    [InlineData("x<|a|>y", "x", "<|a|>", "y")]
    [InlineData("<|a|><|b|>", "<|a|><|b|>")]
    [InlineData("<|a|><|b", "<|a|>", "<", "|", "b")]
    [InlineData("<<|a|>", "<", "<|a|>")]
    [InlineData("[u][u][u][v]", "[u]", "[u][u][v]")]
    [InlineData("<unk>[u]", "<unk>", "[u]")]
    [InlineData("é世é", "é世", "Ã", "©")]
    public void TheLongestAtTheFirstPlaceIsTaken(string text, params string[] pieces) =>
        Assert.Equal(pieces, Tokenizer.Encode(text, addSpecial: false, parseSpecial: true).Select(Tokenizer.Piece));

    [Fact]
    public void WhatUsersWriteNeverBecomesAControlToken()
    {
        const string text = "<|a|><|b|><unk><|im_end|>";
        int[] ids = Tokenizer.Encode(text, addSpecial: false, parseSpecial: false);
        Assert.All(ids, id => Assert.InRange(id, 0, 255));
        Assert.Equal(text, Tokenizer.Decode(ids, skipSpecial: true));
        Assert.Equal(["[u]"], Tokenizer.Encode("[u]", false, false).Select(Tokenizer.Piece));
        Assert.Equal(["[", "p", "a", "d", "]"], Tokenizer.Encode("[pad]", false, true).Select(Tokenizer.Piece));
    }

    [Fact]
    public void BosAndEosAreAddedWhereTheModelWantsThem()
    {
        Assert.Equal(["x"], Tokenizer.Encode("x", addSpecial: true, parseSpecial: false).Select(Tokenizer.Piece));
        Tokenizer both = (File with { AddBos = true, AddEos = true }).Load();
        Assert.Equal([256, both.Find("x")!.Value, 257], both.Encode("x", addSpecial: true, parseSpecial: false));
        Assert.Equal([256, 257], both.Encode("", addSpecial: true, parseSpecial: false));
        Assert.Equal([], both.Encode("", addSpecial: false, parseSpecial: false));
    }

    [Fact]
    public void GenerationEndsAtNamedTokensAndAtWellKnownTexts()
    {
        int imEnd = Tokenizer.Find("<|im_end|>")!.Value;
        Assert.Equal([257, 258, imEnd], Enumerable.Range(0, Tokenizer.VocabularySize).Where(Tokenizer.IsEndOfGeneration));
        // Some converters list it as ordinary or user-defined; nobody wants to read it.
        Assert.True(Tokenizer.IsControl(imEnd));
        Assert.True((File with { Types = null }).Load().IsEndOfGeneration(imEnd));
    }

    [Fact]
    public void ControlUnknownAndUnusedTokensHaveNoText()
    {
        Assert.All(new[] { "<|a|>", "<unk>", "[pad]" }, piece => Assert.True(Tokenizer.Bytes(Tokenizer.Find(piece)!.Value).IsEmpty));
        Assert.Equal("é世"u8, Tokenizer.Bytes(Tokenizer.Find("é世")!.Value));
        Assert.Equal("\u0000"u8, Tokenizer.Bytes(Tokenizer.Find("Ā")!.Value));
        Assert.Equal("<|a|>x", Tokenizer.Decode([256, 'x', Tokenizer.Find("[pad]")!.Value]));
        Assert.Equal("x", Tokenizer.Decode([256, 'x'], skipSpecial: true));
        Assert.Null(Tokenizer.Find("<|c|>"));
    }
}
