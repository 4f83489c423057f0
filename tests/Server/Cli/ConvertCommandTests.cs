using LocalLlm.Gguf;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Cli;

/// <summary><c>convert</c>: what it says, what it refuses, and that it then leaves everything as it was. The files themselves are the engine's tests.</summary>
public sealed class ConvertCommandTests : IDisposable
{
    private static readonly string s_checkpoint = RepoPaths.Vector("hf", "qwen2");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-convert-");

    private string Output => Path.Combine(_folder.FullName, "model.gguf");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task WritesTheModel()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("convert", s_checkpoint, Output));
        Assert.Equal($"{Output}: qwen2 F16, 3.7 MB\n", cli.Out.ToString());
        Assert.Equal("", cli.Error.ToString());
        Assert.Single(_folder.GetFiles());

        string rows = Path.Combine(_folder.FullName, "rows.f32");
        cli = new();
        Assert.Equal(0, await cli.RunAsync("logits", Output, "--tokens", "1,2,3", "--kv", "f32", "-o", rows));
        Assert.Equal(1024 * sizeof(float), new FileInfo(rows).Length);
    }

    [Fact]
    public async Task AFormatCanBeAskedFor()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("convert", s_checkpoint, Output, "--type", "f32"));
        Assert.Contains(": qwen2 F32, 7.4 MB", cli.Out.ToString(), StringComparison.Ordinal);
        using GgufFile file = GgufFile.Open(Output);
        Assert.All(file.Tensors, tensor => Assert.Equal(GgmlType.F32, tensor.Type));
    }

    [Fact]
    public async Task AtATerminalProgressIsShownAndCleared()
    {
        CliUnderTest cli = new() { AtTerminal = true };
        Assert.Equal(0, await cli.RunAsync("convert", s_checkpoint, Output));
        string error = cli.Error.ToString();
        Assert.StartsWith("\rconverting to F16: ", error, StringComparison.Ordinal);
        Assert.EndsWith(" \r", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnExistingFileStays()
    {
        await File.WriteAllTextAsync(Output, "precious");
        Assert.Contains("--force", await new CliUnderTest().FailAsync("convert", s_checkpoint, Output), StringComparison.Ordinal);
        Assert.Equal("precious", await File.ReadAllTextAsync(Output));
        Assert.Equal(0, await new CliUnderTest().RunAsync("convert", s_checkpoint, Output, "--force"));
        Assert.Equal(3, new FileInfo(Output).Length / 1_000_000);
    }

    [Fact]
    public async Task AFullDiskIsToldBeforeAnythingIsWritten()
    {
        CliUnderTest cli = new() { FreeBytes = 1_000_000 };
        Assert.Contains(_folder.FullName, await cli.FailAsync("convert", s_checkpoint, Output), StringComparison.Ordinal);
        Assert.Empty(_folder.GetFiles());
    }

    [Theory]
    [InlineData("qwen3moe", "models with experts such as 'Qwen3MoeForCausalLM' cannot be converted")]
    [InlineData("config-transformers5", "it has no config.json")]
    public async Task WhatCannotBeConvertedIsNamed(string directory, string problem)
    {
        Assert.Contains(problem, await new CliUnderTest().FailAsync("convert", RepoPaths.Vector("hf", directory), Output), StringComparison.Ordinal);
        Assert.Empty(_folder.GetFiles());
    }

    [Fact]
    public async Task BrokenWeightsAreNamed()
    {
        string checkpoint = _folder.CreateSubdirectory("broken").FullName;
        File.Copy(Path.Combine(s_checkpoint, "config.json"), Path.Combine(checkpoint, "config.json"));
        await File.WriteAllBytesAsync(Path.Combine(checkpoint, "model.safetensors"), new byte[100]);
        Assert.Contains("is it a safetensors file?", await new CliUnderTest().FailAsync("convert", checkpoint, Output), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUnknownFormatIsAnsweredWithTheRightOnes() =>
        Assert.Contains("bf16 or f16 or f32", await new CliUnderTest().FailAsync("convert", s_checkpoint, Output, "--type", "q8_0"), StringComparison.Ordinal);
}
