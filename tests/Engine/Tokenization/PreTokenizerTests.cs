using System.Text;
using System.Text.RegularExpressions;
using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Tests.Tokenization;

/// <summary>The scanners against the published patterns, run by .NET's regular expressions (which know the Basic Multilingual Plane only).</summary>
public class PreTokenizerTests
{
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Qwen2 = @"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private static readonly string Llama3 = Qwen2.Replace(@"|\p{N}|", @"|\p{N}{1,3}|", StringComparison.Ordinal);

    public static TheoryData<string, string[]> Patterns => new()
    {
        { "gpt-2", [Gpt2] },
        { "smollm", [@"\p{N}", Gpt2] },
        { "qwen2", [Qwen2] },
        { "llama-bpe", [Llama3] },
        { "smaug-bpe", [Llama3] },
        { "default", [@"[\p{P}\$\+<=>\^~\|]+", Gpt2, @"\p{N}+", "[0-9][0-9][0-9]"] },
    };

    [Theory]
    [MemberData(nameof(Patterns))]
    public void PiecesAreThoseOfThePattern(string name, string[] patterns)
    {
        Regex[] stages = [.. patterns.Select(pattern => new Regex(pattern))];
        Random random = new(11);
        for (int round = 0; round < 4000; round++)
        {
            string text = RandomText(random);
            Assert.Equal(stages.Aggregate(new[] { text }, (pieces, stage) => [.. pieces.SelectMany(piece => Split(piece, stage))]), Pieces(name, text));
        }
    }

    [Theory]
    [InlineData("gpt-2")]
    [InlineData("qwen2")]
    [InlineData("llama-bpe")]
    public void SupplementaryPlanesHaveClassesToo(string name)
    {
        // Letters (Deseret, CJK extension B, mathematical bold), a number, an emoji, an unassigned code point.
        Assert.Equal(["𐐀𠀀𝐀", " 𐐀"], Pieces(name, "𐐀𠀀𝐀 𐐀"));
        Assert.Equal(["a", "𝟎", "b"], Pieces(name, "a𝟎b"));
        Assert.Equal(["a", " 🙂🙃", " \U000E1234"], Pieces(name, "a 🙂🙃 \U000E1234"));
    }

    [Theory]
    [InlineData(" ")]
    [InlineData("a")]
    [InlineData("7")]
    [InlineData("٣1")]
    [InlineData("\n")]
    [InlineData(" \n\u3000")]
    [InlineData("'")]
    [InlineData("$")]
    [InlineData("世")]
    public void AMegabyteOfAnythingIsCutInLinearTime(string unit)
    {
        byte[] text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(unit, (1 << 20) / Encoding.UTF8.GetByteCount(unit))));
        foreach (string name in Patterns.Select(row => (string)row[0]))
        {
            Assert.True(PreTokenizer.TryGet(name, out PreTokenizer? preTokenizer));
            List<int> ends = [];
            preTokenizer.Split(text, ends);
            Assert.Equal(text.Length, ends[^1]);
            Assert.True(ends.Zip(ends.Skip(1)).All(pair => pair.First < pair.Second));
        }
    }

    [Fact]
    public void EveryNameIsKnownOnce()
    {
        Assert.All(PreTokenizer.Names, name => Assert.True(PreTokenizer.TryGet(name, out _)));
        Assert.Equal(PreTokenizer.Names.Count(), PreTokenizer.Names.Distinct().Count());
        Assert.False(PreTokenizer.TryGet("tekken", out _));
    }

    private static IEnumerable<string> Split(string text, Regex pattern)
    {
        int at = 0;
        foreach (Match match in pattern.Matches(text))
        {
            if (match.Index > at)
            {
                yield return text[at..match.Index];
            }
            yield return match.Value;
            at = match.Index + match.Length;
        }
        if (at < text.Length)
        {
            yield return text[at..];
        }
    }

    private static string[] Pieces(string name, string text)
    {
        Assert.True(PreTokenizer.TryGet(name, out PreTokenizer? preTokenizer));
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        List<int> ends = [];
        preTokenizer.Split(bytes, ends);
        return [.. ends.Select((end, i) => Encoding.UTF8.GetString(bytes[(i == 0 ? 0 : ends[i - 1])..end]))];
    }

    private static string RandomText(Random random)
    {
        string[] atoms =
        [
            " ", " ", "  ", "\n", "\r\n", "\r", "\t", "\u00A0", "\u0085", "\u2028", "\u3000", "\v", "\u200B", "\uFEFF", "\u180E",
            "a", "Bc", "é", "e\u0301", "世界", "한", "ǅ", "ʰ", "Ⅷ", "²", "½", "٣", "7", "42", "123", "4567",
            "'s", "'S", "'ll", "'Re", "'", "'ſ", "'x", "!", "...", "$", "+", "`", "<|", "_", "—", "°", "\u0000", "\u00AD",
        ];
        StringBuilder text = new();
        for (int i = random.Next(1, 12); i > 0; i--)
        {
            text.Append(atoms[random.Next(atoms.Length)]);
        }
        return text.ToString();
    }
}
