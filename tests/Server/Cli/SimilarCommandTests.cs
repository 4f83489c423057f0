using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Cli;

/// <summary><c>similar</c>: the right lines, with their numbers, in the right order.</summary>
public sealed class SimilarCommandTests
{
    /// <summary>A text is the point that its numbers say.</summary>
    private static ScriptedEngine Plane() => new()
    {
        Embed = request => new EmbeddingResult([.. request.Inputs.Select(text => Array.ConvertAll(text.Split(' '), word => (float)int.Parse(word, null)))], 1),
    };

    [Fact]
    public async Task ShowsTheNearestLinesWithTheirNumbers()
    {
        CliUnderTest cli = new() { Engine = Plane(), Input = "0 2\n\n-1 0\n3 4\n   \n5 0\n1 0\n" };
        Assert.Equal(0, await cli.RunAsync("similar", "smollm2", "1 0", "--top", "4"));
        Assert.Equal(
            """
            SCORE     LINE    TEXT
            1.0000    6       5 0
            1.0000    7       1 0
            0.6000    4       3 4
            0.0000    1       0 2

            """,
            cli.Out.ToString());
        Assert.Equal("", cli.Error.ToString());
    }

    [Fact]
    public async Task OfManyLinesOnlyTheNearestAreKept()
    {
        CliUnderTest cli = new() { Engine = Plane(), Input = string.Join('\n', Enumerable.Range(1, 1000).Select(i => $"{i * 7919 % 1000 + 1} 1")) };
        Assert.Equal(0, await cli.RunAsync("similar", "smollm2", "0 1", "--json", "--top", "3"));
        JsonElement found = JsonDocument.Parse(cli.Out.ToString()).RootElement;
        Assert.Equal(["1 1", "2 1", "3 1"], found.EnumerateArray().Select(line => line.GetProperty("text").GetString()));
        Assert.All(found.EnumerateArray(), line => Assert.Equal($"{line.GetProperty("line").GetInt64() * 7919 % 1000 + 1} 1", line.GetProperty("text").GetString()));
        Assert.Equal(1 / Math.Sqrt(5), found[1].GetProperty("score").GetDouble(), 1e-6);
    }

    [Fact]
    public async Task ARealModelFindsTheLineItself()
    {
        CliUnderTest cli = new() { Input = "ab cd\nthe cat sat\nef" };
        Assert.Equal(0, await cli.RunAsync("similar", RepoPaths.Vector("models", "qwen3-embedding.gguf"), "the cat sat", "--top", "1"));
        Assert.Equal("SCORE     LINE    TEXT\n1.0000    2       the cat sat\n", cli.Out.ToString());
    }

    [Theory]
    [InlineData("There is no line to compare with the query: the text is empty.", "similar", "smollm2", "1 0")]
    [InlineData("The query is empty: say what is looked for.", "similar", "smollm2", "")]
    [InlineData("The query is empty: say what is looked for.", "similar", "smollm2", " ", "--file", "nowhere")]
    [InlineData("--top must be a whole number of at least 1, not '0'.", "similar", "smollm2", "1 0", "--top", "0")]
    public async Task MistakesAreOneSentence(string sentence, params string[] args) =>
        Assert.Equal(sentence, await new CliUnderTest { Engine = Plane(), Input = "\n \n" }.FailAsync(args));
}
