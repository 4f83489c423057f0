using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Tests.Tokenization;

/// <summary>Byte-level BPE's rules.</summary>
public class BytePairTests
{
    private static readonly string[] Words = ["he", "ll", "llo", "hello"];

    [Fact]
    public void TheBestRankedMergeGoesFirst()
    {
        Tokenizer tokenizer = Load("gpt-2", ["ab", "bc"], ["b c", "a b"]);
        Assert.Equal(["a", "bc"], Pieces(tokenizer, "abc"));
        Assert.Equal(["ab", "a", "bc"], Pieces(tokenizer, "ababc"));
    }

    [Fact]
    public void MergesOfWhatIsNoTokenAreLeftOut()
    {
        Tokenizer tokenizer = Load("gpt-2", ["ab"], ["a x̂", "ab c", "a b"]);
        Assert.Equal(["ab", "c"], Pieces(tokenizer, "abc"));
    }

    [Fact]
    public void OnlyLlama3TakesWholeWordsThatNoMergeMakes()
    {
        Assert.Equal(["hello", "Ġ", "he", "llo"], Pieces(Load("llama-bpe", Words, ["h e", "l l", "ll o"]), "hello hello"));
        Assert.Equal(["he", "llo"], Pieces(Load("smaug-bpe", Words, ["h e", "l l", "ll o"]), "hello"));
    }

    [Theory]
    [InlineData("llama-bpe", true)]
    [InlineData("llama3", true)]
    [InlineData("smaug-bpe", false)]
    [InlineData("qwen2", false)]
    [InlineData("default", false)]
    public void WhetherBosIsAddedDependsOnThePreTokenizer(string pre, bool adds)
    {
        VocabularyFile file = new() { Pre = pre, Tokens = [.. VocabularyFile.ByteLetters, "<bos>"], Merges = [], BosTokenId = 256 };
        Assert.Equal(adds, file.Load().AddBos);
        Assert.True((file with { AddBos = true }).Load().AddBos);
        Assert.False((file with { AddBos = false }).Load().AddBos);
        Assert.False((file with { BosTokenId = null }).Load().AddBos);
    }

    [Fact]
    public void BytesThatTheVocabularyLacksAreLeftOut()
    {
        Assert.Null(GoldenTokenizers.SmolLm2.Find(ByteAlphabet.Letter(4).ToString()));
        Assert.Equal(["a", "b"], Pieces(GoldenTokenizers.SmolLm2, "a\u0004b"));
    }

    [Fact]
    public void AFileWithoutPreTokenizerIsOfTheDefaultKind()
    {
        VocabularyFile file = new() { Tokens = [.. VocabularyFile.ByteLetters, "12", "123", "1234"], Merges = ["1 2", "12 3", "123 4"] };
        Assert.Equal(["123", "4"], Pieces(file.Load(), "1234"));
        Assert.Equal(["1234"], Pieces((file with { Pre = "gpt-2" }).Load(), "1234"));
    }

    [Theory]
    [InlineData(" ")]
    [InlineData("a")]
    [InlineData("7")]
    [InlineData("\n ")]
    [InlineData("'")]
    [InlineData("<|im_")]
    public void AMegabyteOfAnythingComesBack(string unit)
    {
        string text = string.Concat(Enumerable.Repeat(unit, (1 << 20) / unit.Length));
        Assert.Equal(text, GoldenTokenizers.Qwen3.Decode(GoldenTokenizers.Qwen3.Encode(text, false, true)));
    }

    [Fact]
    public void ManyThreadsMayShareATokenizer()
    {
        TokenizerCase[] cases = GoldenTokenizers.Cases("qwen3.jsonl");
        Parallel.For(0, 3000, i =>
        {
            TokenizerCase one = cases[i * 7 % cases.Length];
            Assert.Equal(one.Ids, GoldenTokenizers.Qwen3.Encode(one.Text, false, true));
        });
    }

    private static IEnumerable<string> Pieces(Tokenizer tokenizer, string text) =>
        tokenizer.Encode(text, addSpecial: false, parseSpecial: false).Select(tokenizer.Piece);

    private static Tokenizer Load(string pre, string[] pieces, string[] merges) =>
        new VocabularyFile { Pre = pre, Tokens = [.. VocabularyFile.ByteLetters, .. pieces], Merges = merges }.Load();
}
