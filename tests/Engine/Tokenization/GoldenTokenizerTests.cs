using System.Text.Json;
using LocalLlm.Engine.Tokenization;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Tokenization;

/// <summary>Published vocabularies against the ids that llama.cpp and Hugging Face's tokenizers give.</summary>
public class GoldenTokenizerTests
{
    [Theory]
    [InlineData("qwen3.jsonl", 302)]
    [InlineData("smollm.jsonl", 363)]
    public void IdsAreThoseOfOtherTokenizers(string file, int count)
    {
        TokenizerCase[] cases = GoldenTokenizers.Cases(file);
        Assert.Equal(count, cases.Length);
        Tokenizer tokenizer = TokenizerOf(file);
        Assert.All(cases, one => Assert.Equal(one.Ids, tokenizer.Encode(one.Text, addSpecial: false, parseSpecial: true)));
    }

    [Theory]
    [InlineData("qwen3.jsonl")]
    [InlineData("smollm.jsonl")]
    public void DecodingGivesTheTextBack(string file)
    {
        Tokenizer tokenizer = TokenizerOf(file);
        Assert.All(GoldenTokenizers.Cases(file), one => Assert.Equal(one.Text, tokenizer.Decode(one.Ids)));
    }

    [Theory]
    [InlineData("qwen3.jsonl")]
    [InlineData("smollm.jsonl")]
    public void NoTextBecomesAControlTokenUnlessSpecialTokensAreParsed(string file)
    {
        Tokenizer tokenizer = TokenizerOf(file);
        Assert.All(GoldenTokenizers.Cases(file), one =>
        {
            int[] ids = tokenizer.Encode(one.Text, addSpecial: false, parseSpecial: false);
            Assert.DoesNotContain(ids, tokenizer.IsControl);
            Assert.Equal(one.Text, tokenizer.Decode(ids, skipSpecial: true));
        });
    }

    [Fact]
    public void TheBundledModelsTextHasTheReferencesIds()
    {
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("models-real", "smollm2-135m.json")));
        JsonElement text = expected.RootElement.GetProperty("text");
        string whole = File.ReadAllText(RepoPaths.Vector("models-real", text.GetProperty("file").GetString()!));
        Assert.Equal(Ids(text), GoldenTokenizers.SmolLm2.Encode(whole, addSpecial: true, parseSpecial: false));
        Assert.All(expected.RootElement.GetProperty("prompts").EnumerateArray(), prompt =>
        {
            string rendered = prompt.GetProperty("rendered").GetString()!;
            Assert.Equal(Ids(prompt), GoldenTokenizers.SmolLm2.Encode(rendered, addSpecial: true, parseSpecial: true));
            Assert.Equal(prompt.GetProperty("greedy_text").GetString(), GoldenTokenizers.SmolLm2.Decode(Ids(prompt, "greedy")));
        });
    }

    [Fact]
    public void TheTokensThatEndGenerationAreKnown()
    {
        Tokenizer qwen3 = GoldenTokenizers.Qwen3;
        Assert.Equal(151645, qwen3.EosToken);
        Assert.Equal(151643, qwen3.BosToken);
        Assert.False(qwen3.AddBos);
        Assert.Equal(
            ["<|endoftext|>", "<|im_end|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>"],
            Enumerable.Range(0, qwen3.VocabularySize).Where(qwen3.IsEndOfGeneration).Select(qwen3.Piece));
        // HTML's end of strike-through is a common word of Qwen's, not the token that ends Llama 2's texts.
        Assert.False(qwen3.IsControl(qwen3.Find("</s>")!.Value));
        Tokenizer smolLm2 = GoldenTokenizers.SmolLm2;
        Assert.Equal([0, 2], Enumerable.Range(0, smolLm2.VocabularySize).Where(smolLm2.IsEndOfGeneration));
    }

    [Fact]
    public void AddedTextIsTakenWholeWhetherOrNotSpecialTokensAreParsed()
    {
        Tokenizer qwen3 = GoldenTokenizers.Qwen3;
        int think = qwen3.Find("<think>")!.Value;
        Assert.Equal([64, think, 65], qwen3.Encode("a<think>b", addSpecial: false, parseSpecial: false));
        Assert.Equal("<think>"u8, qwen3.Bytes(think));
        Assert.True(qwen3.Bytes(qwen3.Find("<|im_start|>")!.Value).IsEmpty);
    }

    [Fact]
    public void UnpairedSurrogatesAreReplacementCharacters()
    {
        Tokenizer qwen3 = GoldenTokenizers.Qwen3;
        foreach (string broken in new[] { "\uD800", "a\uDC00b", "\uD83D\uD83D\uDE00", "\uDE00\uD83D" })
        {
            int[] ids = qwen3.Encode(broken, addSpecial: false, parseSpecial: true);
            Assert.Equal(qwen3.Encode(System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(broken)), false, true), ids);
            Assert.Contains('\uFFFD', qwen3.Decode(ids));
        }
    }

    [Fact]
    public void AnUnknownIdIsOneClearSentence()
    {
        TextEngineException error = Assert.Throws<TextEngineException>(() => GoldenTokenizers.SmolLm2.Decode([5, 49152]));
        Assert.Equal(TextEngineErrorKind.InvalidRequest, error.Kind);
        Assert.Equal("Token 49152 does not exist: the model's tokens are numbered 0 to 49151.", error.Message);
    }

    private static Tokenizer TokenizerOf(string file) => file == "qwen3.jsonl" ? GoldenTokenizers.Qwen3 : GoldenTokenizers.SmolLm2;

    private static int[] Ids(JsonElement of, string property = "ids") => [.. of.GetProperty(property).EnumerateArray().Select(id => id.GetInt32())];
}
