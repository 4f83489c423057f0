using System.Text.Json;
using LocalLlm.Server.Models;
using LocalLlm.Server.Tests.Store;

namespace LocalLlm.Server.Tests.Cli;

public sealed class SearchCommandTests
{
    [Fact]
    public async Task ListsEveryModelOfTheCatalogue()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("search"));
        string[] lines = cli.Out.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches("^NAME +SIZE +CONTEXT +MEMORY +STATE +ABOUT$", lines[0]);
        Assert.Equal(ModelCatalogue.Find(AppContext.BaseDirectory).Models.Count, lines.Length - 1);
        Assert.Matches("^smollm2, smollm2:135m +98 MB +8192 +fits +bundled +tiny English chat", lines[1]);
        Assert.Contains(lines, line => line.StartsWith("qwen3, qwen3:8b ", StringComparison.Ordinal) && line.Contains("    ~5 GB    ", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains('?', StringComparison.Ordinal));
    }

    [Fact]
    public async Task FindsByAllWordsInAnyCase()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("search", "CODE", "small"));
        string line = Assert.Single(cli.Out.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)[1..]);
        Assert.StartsWith("qwen2.5-coder:1.5b ", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task JsonHasTheFactsAndNullForWhatNobodyVerified()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("search", "qwen3:8b", "--json"));
        JsonElement model = Assert.Single(JsonDocument.Parse(cli.Out.ToString()).RootElement.GetProperty("models").EnumerateArray());
        Assert.Equal("registry.ollama.ai/library/qwen3:8b", model.GetProperty("reference").GetString());
        Assert.Equal(JsonValueKind.Null, model.GetProperty("size").ValueKind);
        Assert.Equal(8190735360, model.GetProperty("parameters").GetInt64());
        Assert.InRange(model.GetProperty("required_memory").GetInt64(), model.GetProperty("estimated_size").GetInt64() + 1, 8_000_000_000);
        Assert.Equal("to be fetched", model.GetProperty("state").GetString());
    }

    [Fact]
    public async Task SaysWhatTheStoreHas()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        string folder = Directory.CreateTempSubdirectory("catalogue").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, ModelCatalogue.FileName), """
                {"version":1,"models":[{"names":["tiny"],"reference":"hf.co/a/b"},{"names":["huge:1000000b"],"reference":"hf.co/a/c","architecture":"llama","quantization":"F32","context":8192,
                 "shape":{"blocks":1000,"width":100000,"feed_forward":400000,"heads":100,"heads_kv":100,"key_length":1000,"vocabulary":100000,"output":"own"}}]}
                """);
            CliUnderTest cli = new() { Folder = folder, Variables = { ["OLLAMA_MODELS"] = fixture.Root } };
            Assert.Equal(0, await cli.RunAsync("search"));
            Assert.Matches(@"\ntiny +\? +\? +\? +installed\n", cli.Out.ToString());
            Assert.Matches(@"\nhuge:1000000b +~[0-9]+ TB +8192 +needs [0-9]+ TB +to be fetched\n", cli.Out.ToString());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task SaysWhatIsNearestWhereNothingMatches()
    {
        Assert.Equal("no model of the catalogue matches 'qwen3:88b'; did you mean 'qwen3:8b'?", await new CliUnderTest().FailAsync("search", "qwen3:88b"));
        Assert.Equal(
            "no model of the catalogue matches 'zzzz', but registries have more: 'localllm pull NAME' takes any name of Ollama's library, and hf.co/OWNER/REPOSITORY",
            await new CliUnderTest().FailAsync("search", "zzzz"));
    }
}
