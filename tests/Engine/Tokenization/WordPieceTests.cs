using System.Text;
using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Tests.Tokenization;

/// <summary>BERT's WordPiece: ids of the published all-MiniLM-L6-v2 vocabulary, and the rules one by one over a small one.</summary>
public class WordPieceTests
{
    private static readonly Tokenizer s_small = new VocabularyFile
    {
        Model = "bert",
        Tokens =
        [
            "[UNK]", "[CLS]", "[SEP]", "▁un", "aff", "able", "▁a", "b", "▁,", "▁é", "▁e", "▁中", "▁文", "▁ᄀ", "ᅡ", "ᆨ", "▁x", "▁", "▁k", "▁.", "▁豈", "y", "▁y", "▁▁",
        ],
        Types = [3, 3, 3, .. Enumerable.Repeat(1, 21)],
        BosTokenId = 1,
        EosTokenId = 2,
        UnknownTokenId = 0,
    }.Load();

    [Fact]
    public void IdsAreThoseOfTheReference()
    {
        TokenizerCase[] cases = GoldenTokenizers.Cases("all-minilm.jsonl");
        Assert.Equal(25, cases.Length);
        Assert.All(cases, one => Assert.Equal(one.Ids, GoldenTokenizers.MiniLm.Encode(one.Text, addSpecial: true, parseSpecial: true)));
        Assert.All(cases, one => Assert.Equal(one.Ids[1..^1], GoldenTokenizers.MiniLm.Encode(one.Text, addSpecial: false, parseSpecial: false)));
    }

    [Theory]
    [InlineData("unaffable", "▁un aff able")]
    [InlineData("UNAFFABLE", "▁un aff able")]
    [InlineData("unaffablez", "[UNK]")]                       // no piece for the rest: the word is unknown as a whole
    [InlineData("a,ab", "▁a ▁, ▁a b")]
    [InlineData("a\t\r\n\u00a0\u2003\u3000a", "▁a ▁a")]
    [InlineData("a\u0000b\uFFFD\u200b\u0007", "▁a b")]        // left out, and no border of words
    [InlineData("\u00e9 e\u0301 \u00c9 \u1ec7", "▁e ▁e ▁e ▁e")] // never the piece with the accent
    [InlineData("a中文b", "▁a ▁中 ▁文 [UNK]")]                 // a continuation cannot begin a word
    [InlineData("\uf900", "▁豈")]
    [InlineData("\uac01", "▁ᄀ ᅡ ᆨ")]
    [InlineData("\u212a", "▁k")]                              // the sign for kelvin
    [InlineData("a[CLS]b", "▁a [CLS] [UNK]")]
    [InlineData("a▁b a▁y a▁", "[UNK] [UNK] [UNK]")]           // no piece that begins a word stands within one
    [InlineData("▁b ▁ ▁▁b ▁y", "▁▁ b ▁▁ [UNK] ▁▁ y")]         // the word's own U+2581 is a letter like any other
    [InlineData("", "")]
    public void Rules(string text, string pieces) =>
        Assert.Equal(pieces, string.Join(' ', s_small.Encode(text, addSpecial: false, parseSpecial: true).Select(s_small.Piece)));

    [Fact]
    public void WordsOfMoreThanAHundredCharactersAreUnknown()
    {
        Tokenizer tokenizer = GoldenTokenizers.MiniLm;
        int unknown = tokenizer.Find("[UNK]")!.Value;
        Assert.DoesNotContain(unknown, tokenizer.Encode(new string('a', 100), false, false));
        Assert.Equal([unknown], tokenizer.Encode(new string('a', 101), false, false));
        Assert.Equal([unknown, tokenizer.Find("▁a")!.Value], tokenizer.Encode(new string('é', 5000) + " a", false, false));
    }

    [Fact]
    public void TextsStandBetweenTheirTokens()
    {
        Assert.True(s_small is { AddBos: true, AddEos: true, BosToken: 1, EosToken: 2 });
        Assert.Equal([1, 2], s_small.Encode("", addSpecial: true, parseSpecial: true));
        Assert.Equal([1, 6, 2], s_small.Encode("a", addSpecial: true, parseSpecial: true));
    }

    [Fact]
    public void NoTextBecomesAControlTokenUnlessSpecialTokensAreParsed() =>
        Assert.DoesNotContain(GoldenTokenizers.MiniLm.Encode("[CLS] [SEP] [PAD]", false, parseSpecial: false), id => id is 0 or 101 or 102);

    [Theory]
    [InlineData("Hello, world! Isn't it?", "hello, world! isn't it?")]
    [InlineData("Unaffable naïve café", "unaffable naive cafe")]
    public void DecodingGivesPlainTextBack(string text, string expected)
    {
        Tokenizer tokenizer = GoldenTokenizers.MiniLm;
        Assert.Equal(expected, tokenizer.Decode(tokenizer.Encode(text, addSpecial: true, parseSpecial: false), skipSpecial: true));
    }

    [Fact]
    public void SpacesBeforePunctuationAndShortFormsAreTakenBack() =>
        Assert.Equal("a. b? c! d, e'f don't i'm it's we've you're", BertText.CloseUp("a . b ? c ! d , e ' f do n't i 'm it 's we 've you 're"));

    [Fact]
    public void AccentsAreThoseOfUnicode()
    {
        Assert.Equal("A", Parts("\u01fa"));
        Assert.Equal("\u0438", Parts("\u0439"));
        Assert.Equal("\u304b", Parts("\u304c"));
        Assert.Equal(";", Parts("\u037e"));
        Assert.Equal("\u09c7\u09be", Parts("\u09cb"));
        Assert.Equal("\u1112\u1175\u11c2", Parts("\ud7a3"));
        Assert.Equal("\U0002A600", Parts("\U0002FA1D"));
        Assert.Equal("\u00df", Parts("\u00df"));
    }

    private static string Parts(string character)
    {
        Span<Rune> parts = stackalloc Rune[3];
        int count = CanonicalDecomposition.Decompose(Rune.GetRuneAt(character, 0), parts);
        return string.Concat(parts[..count].ToArray().Select(part => part.ToString()));
    }
}
