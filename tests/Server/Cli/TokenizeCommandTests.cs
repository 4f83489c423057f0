using System.Text.Json;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Cli;

public class TokenizeCommandTests
{
    [Fact]
    public async Task PrintsABareArrayOfIds()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("tokenize", "smollm2", "Hello<|im_end|>"));
        Assert.Equal("[19556,2]\n", cli.Out.ToString());
        Assert.Equal("", cli.Error.ToString());
    }

    [Fact]
    public async Task PublishedCasesAreEqualOverStandardInputAndBack()
    {
        // Few of the cases: the tokenizer's own tests take them all, this one takes the command's way to it.
        string[] lines = [.. File.ReadLines(RepoPaths.Vector("tokenizer", "smollm.jsonl")).Where((_, index) => index % 90 == 0)];
        foreach (string line in lines)
        {
            JsonElement expected = JsonDocument.Parse(line).RootElement;
            string text = expected.GetProperty("text").GetString()!;
            CliUnderTest encode = new() { Input = text };
            Assert.Equal(0, await encode.RunAsync("tokenize", "smollm2"));
            Assert.Equal(expected.GetProperty("ids").GetRawText().Replace(" ", "", StringComparison.Ordinal), encode.Out.ToString().TrimEnd('\n'));

            CliUnderTest decode = new() { Input = encode.Out.ToString() };
            Assert.Equal(0, await decode.RunAsync("tokenize", "smollm2", "--decode"));
            Assert.Equal(text, decode.Out.ToString());
        }
    }

    [Theory]
    [InlineData("[19556, 2]")]
    [InlineData("19556,2")]
    [InlineData("19556 2")]
    public async Task DecodesEveryWayToWriteIds(string ids)
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("tokenize", "smollm2", "--decode", ids));
        Assert.Equal("Hello<|im_end|>", cli.Out.ToString());
    }

    [Fact]
    public async Task AnIdOutsideTheVocabularyIsToldInOneSentence() =>
        Assert.Contains("49152", await new CliUnderTest().FailAsync("tokenize", "smollm2", "--decode", "49152"), StringComparison.Ordinal);

    [Fact]
    public async Task AddSpecialAddsWhatTheModelWants()
    {
        // SmolLM2 wants nothing added.
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("tokenize", "smollm2", "--add-special", "Hello"));
        Assert.Equal("[19556]\n", cli.Out.ToString());
    }
}
