using System.Text.Json.Nodes;
using LocalLlm.Gguf;

namespace LocalLlm.Engine.Tests.Conversion;

/// <summary>The pre-tokenizers of published checkpoints, as their <c>tokenizer.json</c> spells them, and the names that GGUF has for them.</summary>
public sealed class PreTokenizerNameTests
{
    private const string Bytes = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}""";
    private const string Words = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}""";
    private const string Digits = """{"type":"Digits","individual_digits":true}""";

    [Theory]
    [InlineData("qwen2", @"\p{N}", false)]          // Qwen/Qwen2.5-0.5B, Qwen/Qwen3-0.6B
    [InlineData("llama-bpe", @"\p{N}{1,3}", true)]  // meta-llama/Llama-3.2-1B
    [InlineData("smaug-bpe", @"\p{N}{1,3}", false)] // the same without ignore_merges
    public void PatternsDifferInTheirNumbers(string name, string number, bool ignoreMerges) => Check(name, $"[{Split(number)},{Bytes}]", ignoreMerges);

    [Fact]
    public void SmolLmTakesDigitsOneByOne() => Check("smollm", $"[{Digits},{Words}]", ignoreMerges: false);

    [Fact]
    public void Gpt2HasItsPatternInTheBytes() => Check("gpt-2", $"[{Words}]", ignoreMerges: false);

    [Theory]
    [InlineData(@"\p{N}{1,2}")]
    [InlineData(@"\p{N}+")]
    public void AnotherPatternIsRefused(string number)
    {
        using CheckpointCopy copy = Copy($"[{Split(number)},{Bytes}]", ignoreMerges: false);
        Assert.Contains("its way of cutting text", copy.Refuse(), StringComparison.Ordinal);
    }

    [Fact]
    public void ASpaceBeforeTheTextIsRefused()
    {
        using CheckpointCopy copy = Copy($"[{Words.Replace("\"add_prefix_space\":false", "\"add_prefix_space\":true")}]", ignoreMerges: false);
        Assert.Contains("its way of cutting text", copy.Refuse(), StringComparison.Ordinal);
    }

    private static string Split(string number)
    {
        string pattern = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|" + number + @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
        return new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern }, ["behavior"] = "Isolated", ["invert"] = false }.ToJsonString();
    }

    private static CheckpointCopy Copy(string steps, bool ignoreMerges)
    {
        CheckpointCopy copy = new("qwen3-tied");
        return copy.Edit("tokenizer.json", json =>
        {
            json["pre_tokenizer"] = JsonNode.Parse($$"""{"type":"Sequence","pretokenizers":{{steps}}}""");
            json["model"]!["ignore_merges"] = ignoreMerges;
        });
    }

    private static void Check(string name, string steps, bool ignoreMerges)
    {
        using CheckpointCopy copy = Copy(steps, ignoreMerges);
        using GgufFile file = copy.Convert();
        Assert.Equal(name, file.Metadata.GetString("tokenizer.ggml.pre"));
    }
}
