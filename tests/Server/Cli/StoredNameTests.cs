using LocalLlm.Server.Tests.Store;

namespace LocalLlm.Server.Tests.Cli;

/// <summary>Models of the store in verbs that work without a server.</summary>
public sealed class StoredNameTests
{
    [Fact]
    public async Task AStoredNameGoesBeforeABundledOne()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        fixture.WholeModel("registry.ollama.ai/library/smollm2/latest");
        CliUnderTest cli = At(fixture);
        Assert.Equal(0, await cli.RunAsync("tokenize", "Tiny", "a b"));
        Assert.Equal(0, await cli.RunAsync("tokenize", "smollm2", "a b"));
        string[] lines = cli.Out.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(lines[0], lines[1]);
        CliUnderTest bundled = new();
        Assert.Equal(0, await bundled.RunAsync("tokenize", "smollm2", "a b"));
        Assert.NotEqual(lines[0] + "\n", bundled.Out.ToString());
    }

    [Fact]
    public async Task AModelWithADefectIsRefusedInOneSentence()
    {
        using StoreFixture fixture = new();
        fixture.WholeModel();
        File.Delete(Directory.EnumerateFiles(fixture.Blobs).MaxBy(path => new FileInfo(path).Length)!);
        CliUnderTest cli = At(fixture);
        Assert.Equal(1, await cli.RunAsync("inspect", "tiny"));
        Assert.StartsWith("Error: The model 'tiny:latest' is incomplete: its blob sha256:", cli.Error.ToString(), StringComparison.Ordinal);
    }

    private static CliUnderTest At(StoreFixture fixture) => new() { Variables = { ["OLLAMA_MODELS"] = fixture.Root } };
}
