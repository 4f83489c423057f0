using LocalLlm.Gguf;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Cli;

/// <summary><c>quantize</c>: what it says and what it refuses. The weights themselves are the tests of engine and encoders.</summary>
public sealed class QuantizeCommandTests : IDisposable
{
    private static readonly string s_model = RepoPaths.Vector("models", "qwen3-f16.gguf");
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-quantize-");

    private string Output => PathOf("out.gguf");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task WritesTheModelAndSaysWhatItWeighs()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("quantize", s_model, Output, "q4_K_M", "--threads", "2"));
        Assert.Matches($@"^{Output}: Q4_K_M, \d+ KB from 2.6 MB, [456]\.\d\d bits per weight, \d+\.\d s\n$", cli.Out.ToString());
        Assert.Equal("", cli.Error.ToString());
        using GgufFile file = GgufFile.Open(Output);
        Assert.Equal(15, file.Metadata.GetInt32("general.file_type"));
        Assert.Single(_folder.GetFiles());
    }

    [Fact]
    public async Task AskedForTheModelAnswers()
    {
        Assert.Equal(0, await new CliUnderTest().RunAsync("quantize", s_model, Output, "Q8_0"));
        CliUnderTest original = new(), quantized = new();
        Assert.Equal(0, await original.RunAsync("run", s_model, "one two three", "--temperature", "0", "--num-predict", "4", "--ctx", "128"));
        Assert.Equal(0, await quantized.RunAsync("run", Output, "one two three", "--temperature", "0", "--num-predict", "4", "--ctx", "128"));
        Assert.Equal(original.Out.ToString(), quantized.Out.ToString());
    }

    [Fact]
    public async Task ProgressIsForPeopleAndGoneAtTheEnd()
    {
        CliUnderTest cli = new() { AtTerminal = true };
        Assert.Equal(0, await cli.RunAsync("quantize", s_model, Output, "Q8_0"));
        string text = cli.Error.ToString();
        Assert.StartsWith("\rquantizing to Q8_0: ", text, StringComparison.Ordinal);
        Assert.Matches("\r +\r$", text);
    }

    [Fact]
    public async Task RowsThatDoNotFitAreCounted()
    {
        GgufWriter writer = new();
        writer.AddTensor("blk.0.attn_q.weight", GgmlType.F32, [96, 2], new byte[4 * 192]);
        writer.AddTensor("blk.0.attn_k.weight", GgmlType.F32, [96, 2], new byte[4 * 192]);
        writer.Write(PathOf("in.gguf"));
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("quantize", PathOf("in.gguf"), Output, "q4_K_S"));
        Assert.Contains("2 tensors are Q5_0 in place of Q4_K, because their rows are no multiple of 256.", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Contains("5.50 bits per weight", cli.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownTypesAreAnsweredWithTheKnownOnes()
    {
        string error = await new CliUnderTest().FailAsync("quantize", s_model, Output, "Q3_K");
        Assert.Contains("'Q3_K'", error, StringComparison.Ordinal);
        Assert.Contains("F16, BF16, Q8_0, Q6_K, Q5_1, Q5_K_M, Q5_K_S, Q5_0, Q4_1, Q4_K_M, Q4_K_S, Q4_0", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsQuantizedAlreadyNeedsAWord()
    {
        string quantized = RepoPaths.Vector("models", "qwen3-q8_0.gguf");
        string error = await new CliUnderTest().FailAsync("quantize", quantized, Output, "Q4_0");
        Assert.Contains("--allow-requantize", error, StringComparison.Ordinal);
        Assert.Contains("(Q8_0)", error, StringComparison.Ordinal);
        Assert.Empty(_folder.GetFiles());
        Assert.Equal(0, await new CliUnderTest().RunAsync("quantize", quantized, Output, "Q4_0", "--allow-requantize"));
    }

    [Fact]
    public async Task TheInputIsNotReplaced()
    {
        string input = PathOf("in.gguf");
        File.Copy(s_model, input);
        Directory.CreateSymbolicLink(PathOf("link"), _folder.FullName);
        foreach (string output in new[] { input, PathOf("link/in.gguf") })
        {
            Assert.Contains("is the file to read", await new CliUnderTest().FailAsync("quantize", input, output, "Q8_0", "--force"), StringComparison.Ordinal);
        }
        Assert.Equal(await File.ReadAllBytesAsync(s_model), await File.ReadAllBytesAsync(input));
    }

    [Fact]
    public async Task AnExistingFileIsReplacedOnlyByForce()
    {
        await File.WriteAllTextAsync(Output, "precious");
        Assert.Contains("--force", await new CliUnderTest().FailAsync("quantize", s_model, Output, "Q8_0"), StringComparison.Ordinal);
        Assert.Equal("precious", await File.ReadAllTextAsync(Output));
        Assert.Equal(0, await new CliUnderTest().RunAsync("quantize", s_model, Output, "Q8_0", "--force"));
        using GgufFile file = GgufFile.Open(Output);
        Assert.Equal(7, file.Metadata.GetInt32("general.file_type"));
    }

    [Fact]
    public async Task AFullDiskIsToldBeforeAnythingIsWritten()
    {
        CliUnderTest cli = new() { FreeBytes = 1_000_000 };
        Assert.Contains("free in", await cli.FailAsync("quantize", s_model, Output, "Q8_0"), StringComparison.Ordinal);
        Assert.Empty(_folder.GetFiles());
    }

    [Fact]
    public async Task WhatCannotBeWrittenLeavesNothing()
    {
        // A name that leaves no room for the suffix of the temporary file.
        string error = await new CliUnderTest().FailAsync("quantize", s_model, PathOf(new string('x', 250)), "Q8_0");
        Assert.Contains("could not be written, and nothing of it is left", error, StringComparison.Ordinal);
        Assert.Empty(_folder.GetFiles());
    }

    [Fact]
    public async Task BrokenInputsAreNamedAndLeaveNothing()
    {
        byte[] bytes = await File.ReadAllBytesAsync(s_model);
        await File.WriteAllBytesAsync(PathOf("in.gguf"), bytes[..^1000]);
        Assert.Contains(PathOf("in.gguf"), await new CliUnderTest().FailAsync("quantize", PathOf("in.gguf"), Output, "Q8_0"), StringComparison.Ordinal);
        Assert.Contains("There is no file", await new CliUnderTest().FailAsync("quantize", PathOf("no.gguf"), Output, "Q8_0"), StringComparison.Ordinal);
        Assert.Single(_folder.GetFiles());
    }

    [Fact]
    public async Task InterruptedItLeavesTheOldFile()
    {
        await File.WriteAllTextAsync(Output, "precious");
        using CancellationTokenSource stopped = new();
        await stopped.CancelAsync();
        Assert.Equal(0, await new CliUnderTest().RunAsync(["quantize", s_model, Output, "Q8_0", "--force"], stopped.Token));
        Assert.Equal("precious", await File.ReadAllTextAsync(Output));
        Assert.Single(_folder.GetFiles());
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
