using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Tests.Tokenization;

/// <summary>SentencePiece's rules, each on a vocabulary small enough to work out by hand.</summary>
public class SentencePieceTests
{
    [Fact]
    public void TheHighestScoreJoinsFirst()
    {
        Tokenizer tokenizer = Load([("a", -9), ("b", -9), ("c", -9), ("ab", -2), ("bc", -1)]);
        Assert.Equal(["a", "bc"], Pieces(tokenizer, "abc"));
    }

    [Fact]
    public void OfEqualScoresTheLeftmostJoinsFirst()
    {
        Tokenizer tokenizer = Load([("a", -9), ("aa", -1), ("b", -9), ("ab", -1)]);
        Assert.Equal(["aa", "a"], Pieces(tokenizer, "aaa"));
        Assert.Equal(["aa", "b"], Pieces(tokenizer, "aab"));
        // Minus zero is zero: the two still tie.
        Tokenizer zeros = Load([("a", -9), ("b", -9), ("c", -9), ("ab", -0f), ("bc", 0f)]);
        Assert.Equal(["ab", "c"], Pieces(zeros, "abc"));
    }

    [Fact]
    public void CharactersThatAreNoTokensCanBePartsOfOne()
    {
        Tokenizer tokenizer = Load([("é世", -1), ("é世🙂", -2)]);
        Assert.Equal(["é世🙂", "é世"], Pieces(tokenizer, "é世🙂é世"));
    }

    [Fact]
    public void WhatCannotBeSpelledFallsBackToBytes()
    {
        Tokenizer tokenizer = Load([("a", -1)]);
        Assert.Equal(["a", "<0xF0>", "<0x9F>", "<0x99>", "<0x82>", "a"], Pieces(tokenizer, "a🙂a"));
        Assert.Equal("a🙂a", tokenizer.Decode(tokenizer.Encode("a🙂a", false, false)));
    }

    [Fact]
    public void WithoutByteTokensARunOfTheUnspellableIsOneUnknownToken()
    {
        Tokenizer tokenizer = Load([("a", -1)], bytes: false);
        Assert.Equal(["<unk>", "a", "<unk>", "a"], Pieces(tokenizer, "🙂éa世a"));
    }

    [Fact]
    public void ASpaceIsPutBeforeTextAndTakenAwayAgain()
    {
        Tokenizer tokenizer = Load([("▁", -3), ("a", -3), ("▁a", -1), ("[x]", 0)], addSpacePrefix: null, userDefined: "[x]");
        Assert.Equal(["▁a", "▁a"], Pieces(tokenizer, "a a"));
        Assert.Equal(["▁", "▁a"], Pieces(tokenizer, " a"));
        // A special token begins a new text; so does one that was added to the vocabulary.
        Assert.Equal(["<s>", "▁a", "[x]", "▁a"], tokenizer.Encode("<s>a[x]a", false, true).Select(tokenizer.Piece));
        foreach (string text in new[] { "", "a", " a", "  a", "a ", "<s>a", "<s> a</s>", "[x]", "a[x] a[x]", " [x] " })
        {
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, false, true)));
        }
        Assert.Equal("a", tokenizer.Decode(tokenizer.Encode("a", addSpecial: true, parseSpecial: false), skipSpecial: true));
    }

    [Fact]
    public void ATextBeginsWithBosUnlessTheFileSaysOtherwise()
    {
        Tokenizer tokenizer = Load([("a", -1)]);
        Assert.True(tokenizer.AddBos);
        Assert.False(tokenizer.AddEos);
        Assert.Equal(["<s>", "a"], tokenizer.Encode("a", true, false).Select(tokenizer.Piece));
        Assert.True(tokenizer.IsEndOfGeneration(tokenizer.Find("</s>")!.Value));
    }

    [Fact]
    public void TextThatLooksLikeAByteOrControlTokenStaysText()
    {
        Tokenizer tokenizer = Load([("<", -1), ("s", -1), ("<s", -1), (">", -1), ("0", -1), ("x", -1), ("A", -1), ("<0", -1), ("<0x", -1), ("<0x0", -1), ("<0x0A", -1)]);
        Assert.Equal(["<s", ">"], Pieces(tokenizer, "<s>"));
        Assert.Equal(["<0x0A", ">"], Pieces(tokenizer, "<0x0A>"));
    }

    [Fact]
    public void ATokenMayReachOverASpace()
    {
        Tokenizer tokenizer = Load([("a", -9), ("b", -9), ("▁", -9), ("▁b", -3), ("a▁b", -1), ("b▁", -2)]);
        Assert.Equal(["a", "▁", "b▁", "▁", "▁b"], Pieces(tokenizer, "a b   b"));
        Assert.Equal(["b▁", "a▁b"], Pieces(tokenizer, "b a b"));
    }

    [Fact]
    public void AMegabyteWithoutSpacesIsOneWord()
    {
        Tokenizer tokenizer = Load([("a", -9), ("aa", -1), ("aaaa", -2), ("aaaaaaaa", -3)]);
        int[] ids = tokenizer.Encode(new string('a', (1 << 20) + 5), false, false);
        Assert.Equal((1 << 17) + 2, ids.Length);
        Assert.Equal(["aaaaaaaa", "aaaa", "a"], ids[^3..].Select(tokenizer.Piece));
    }

    private static IEnumerable<string> Pieces(Tokenizer tokenizer, string text) =>
        tokenizer.Encode(text, addSpecial: false, parseSpecial: false).Select(tokenizer.Piece);

    private static Tokenizer Load((string Piece, float Score)[] pieces, bool bytes = true, bool? addSpacePrefix = false, string? userDefined = null)
    {
        string[] byteTokens = bytes ? [.. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>")] : [];
        string[] tokens = ["<unk>", "<s>", "</s>", .. byteTokens, .. pieces.Select(piece => piece.Piece)];
        return new VocabularyFile
        {
            Model = "llama",
            Tokens = tokens,
            Types = [2, 3, 3, .. byteTokens.Select(_ => 6), .. pieces.Select(piece => piece.Piece == userDefined ? 4 : 1)],
            Scores = [0, 0, 0, .. byteTokens.Select(_ => 0f), .. pieces.Select(piece => piece.Score)],
            AddSpacePrefix = addSpacePrefix,
        }.Load();
    }
}
