using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tests.Tokenization;

/// <summary>Vocabularies that contradict themselves: one clear sentence each.</summary>
public class HostileVocabularyTests
{
    private static readonly VocabularyFile Good = new() { Pre = "gpt-2", Tokens = ["a", "b", "ab"], Types = [1, 1, 1], Merges = ["a b"] };
    private static readonly VocabularyFile GoodLlama = new() { Model = "llama", Tokens = ["<unk>", "a", "aa"], Types = [2, 1, 1], Scores = [0, -1, -2] };

    private static readonly Dictionary<string, VocabularyFile> Broken = new()
    {
        ["of the kind 't5'"] = Good with { Model = "t5" },
        ["supported are gpt2, llama and bert"] = Good with { Model = "" },
        ["pre-tokenizer 'tekken' (tokenizer.ggml.pre) is not supported; supported are default, gpt-2,"] = Good with { Pre = "tekken" },
        ["the list of tokens (tokenizer.ggml.tokens) is empty"] = Good with { Tokens = [] },
        ["tokens 0 and 2 are both spelled 'a'"] = Good with { Tokens = ["a", "b", "a"] },
        ["tokenizer.ggml.token_type has 2 entries for 3 tokens"] = Good with { Types = [1, 1] },
        ["tokenizer.ggml.token_type gives token 1 the type 9"] = Good with { Types = [1, 9, 1] },
        ["tokenizer.ggml.bos_token_id is 3, but tokens are numbered 0 to 2"] = Good with { BosTokenId = 3 },
        ["tokenizer.ggml.eos_token_id is 2147483647"] = Good with { EosTokenId = int.MaxValue },
        ["tokenizer.ggml.unknown_token_id is 7"] = GoodLlama with { UnknownTokenId = 7 },
        ["tokenizer.ggml.add_bos_token is true, but tokenizer.ggml.bos_token_id is missing"] = Good with { AddBos = true },
        ["tokenizer.ggml.add_eos_token is true, but tokenizer.ggml.eos_token_id is missing"] = Good with { AddEos = true },
        ["merge 1 of tokenizer.ggml.merges, 'ab', is not two pieces"] = Good with { Merges = ["a b", "ab"] },
        ["merge 0 of tokenizer.ggml.merges, 'a ', is not two pieces"] = Good with { Merges = ["a "] },
        ["merge 0 of tokenizer.ggml.merges, ' b', is not two pieces"] = Good with { Merges = [" b"] },
        ["merge 0 of tokenizer.ggml.merges, '', is not two pieces"] = Good with { Merges = [""] },
        ["the byte token '<0xZZ>' is not spelled like <0x0A>"] = GoodLlama with { Tokens = ["<unk>", "<0xZZ>", "aa"], Types = [2, 6, 1] },
        ["tokenizer.ggml.scores is missing"] = GoodLlama with { Scores = null },
        ["tokenizer.ggml.scores has 1 entries for 3 tokens"] = GoodLlama with { Scores = [0] },
        ["the score of token 2 is not a number"] = GoodLlama with { Scores = [0, 0, float.NaN] },
        ["a bert tokenizer needs a token for unknown words, and tokenizer.ggml.unknown_token_id is missing"] = Good with { Model = "bert", Merges = null },
        ["token 2 has 257 characters"] = GoodLlama with { Tokens = ["<unk>", "a", new string('a', 257)] },
    };

    public static TheoryData<string> Messages => [.. Broken.Keys];

    [Theory]
    [MemberData(nameof(Messages))]
    public void TheMessageSaysWhatIsWrong(string message)
    {
        TextEngineException error = Assert.Throws<TextEngineException>(Broken[message].Load);
        Assert.Equal(TextEngineErrorKind.InvalidModel, error.Kind);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingListIsNamedByItsKey()
    {
        Assert.Equal("tokenizer.ggml.merges", Assert.Throws<GgufFormatException>((Good with { Merges = null }).Load).Key);
        Assert.Equal("tokenizer.ggml.tokens", Assert.Throws<GgufFormatException>((Good with { Tokens = null }).Load).Key);
        Assert.Equal("tokenizer.ggml.model", Assert.Throws<GgufFormatException>((Good with { Model = null }).Load).Key);
    }

    [Fact]
    public void TheUnbrokenOnesLoad()
    {
        Assert.Equal([2], Good.Load().Encode("ab", true, true));
        Assert.Equal([2], (GoodLlama with { AddSpacePrefix = false, AddBos = false }).Load().Encode("aa", true, true));
    }

    [Fact]
    public void EndlessInfinitiesOnlyOrderTheMerges()
    {
        VocabularyFile file = GoodLlama with { Tokens = ["<unk>", "a", "b", "c", "ab", "bc"], Types = [2, 1, 1, 1, 1, 1], AddSpacePrefix = false };
        float[] scores = [0, 0, 0, 0, float.NegativeInfinity, float.PositiveInfinity];
        Assert.Equal([1, 5], (file with { Scores = scores }).Load().Encode("abc", false, false));
    }
}
