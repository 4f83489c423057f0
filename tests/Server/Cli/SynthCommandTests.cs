using LocalLlm.Gguf;

namespace LocalLlm.Server.Tests.Cli;

/// <summary><c>synth</c>: what it refuses, and that it then leaves everything as it was. The files themselves are the engine's tests.</summary>
public sealed class SynthCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-synth-");

    private string Output => Path.Combine(_folder.FullName, "model.gguf");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task AnExistingFileStays()
    {
        await File.WriteAllTextAsync(Output, "precious");
        string error = await new CliUnderTest().FailAsync("synth", "--like", "qwen3:0.6b", "--quant", "q8_0", Output);
        Assert.Contains("--force", error, StringComparison.Ordinal);
        Assert.Equal("precious", await File.ReadAllTextAsync(Output));
    }

    [Fact]
    public async Task AFullDiskIsToldBeforeAnythingIsWritten()
    {
        CliUnderTest cli = new() { FreeBytes = 1_000_000 };
        string error = await cli.FailAsync("synth", "--like", "qwen3:4b", "--quant", "q4_K_M", Output);
        Assert.Contains("2.5 GB", error, StringComparison.Ordinal);
        Assert.Contains(_folder.FullName, error, StringComparison.Ordinal);
        Assert.Empty(_folder.GetFiles());
    }

    [Theory]
    [InlineData("qwen3:5b", "q8_0", "qwen3:0.6b or ")]
    [InlineData("qwen3:4b", "q5_0", "q8_0 or q4_K_M")]
    public async Task WrongWordsAreAnsweredWithTheRightOnes(string like, string quant, string expected) =>
        Assert.Contains(expected, await new CliUnderTest().FailAsync("synth", "--like", like, "--quant", quant, Output), StringComparison.Ordinal);

    [Fact]
    public async Task AMissingFolderIsNamed()
    {
        string folder = Path.Combine(_folder.FullName, "nowhere");
        Assert.Contains(folder, await new CliUnderTest().FailAsync("synth", "--like", "qwen3:0.6b", "--quant", "q8_0", Path.Combine(folder, "x.gguf")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task InterruptedItLeavesTheOldFile()
    {
        await File.WriteAllTextAsync(Output, "precious");
        using CancellationTokenSource stopped = new();
        await stopped.CancelAsync();
        Assert.Equal(0, await new CliUnderTest().RunAsync(["synth", "--like", "qwen3:0.6b", "--quant", "q8_0", "--force", Output], stopped.Token));
        Assert.Equal("precious", await File.ReadAllTextAsync(Output));
        Assert.Single(_folder.GetFiles());
    }

    [Fact]
    public async Task WritesTheModel()
    {
        // The smallest published shape: 0.4 GB on the disk for a moment.
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("synth", "--like", "QWEN3:0.6b", "--quant", "Q4_K_M", "--seed", "-3", Output));
        Assert.StartsWith(Output, cli.Out.ToString(), StringComparison.Ordinal);
        using GgufFile file = GgufFile.Open(Output);
        Assert.Equal(15, file.Metadata.GetInt32("general.file_type"));
        Assert.Equal(151936, file.Metadata.GetStrings("tokenizer.ggml.tokens").Length);
        Assert.Equal(596_049_920, file.Tensors.Sum(tensor => tensor.ElementCount));
        Assert.Single(_folder.GetFiles());
    }
}
