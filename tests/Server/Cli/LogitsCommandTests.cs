using System.Runtime.InteropServices;
using System.Text.Json;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Cli;

/// <summary><c>logits</c> on a small real model, against the reference's numbers (F16 weights: at most 0.02 off, as tests/Vectors says).</summary>
public sealed class LogitsCommandTests : IDisposable
{
    private static readonly string s_model = RepoPaths.Vector("models", "qwen3-f16.gguf");
    private readonly string _output = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    public void Dispose() => File.Delete(_output);

    [Fact]
    public async Task WritesTheRowAfterTheLastToken()
    {
        (int[] tokens, float[] expected) = Case(1);
        float[] row = await RowsAsync(tokens);
        Assert.Equal(expected.Length, row.Length);
        Assert.All(row.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 0.02f));
    }

    [Fact]
    public async Task AllWritesARowAfterEveryToken()
    {
        (int[] tokens, float[] expected) = Case(1);
        float[] last = await RowsAsync(tokens);
        float[] all = await RowsAsync(tokens, "--all");
        Assert.Equal(tokens.Length * expected.Length, all.Length);

        // The same bits, however many tokens are computed at once.
        Assert.Equal(last, all[^expected.Length..]);
        Assert.Equal(await RowsAsync(tokens[..3]), all[(2 * expected.Length)..(3 * expected.Length)]);
    }

    [Theory]
    [InlineData("512")]
    [InlineData("")]
    public async Task WrongTokensLeaveNoFileBehind(string tokens)
    {
        await new CliUnderTest().FailAsync("logits", s_model, "--tokens", tokens, "--output", _output);
        Assert.False(File.Exists(_output));
    }

    [Fact]
    public async Task AnEncoderIsToldFromWhatIsNotSupported()
    {
        const string sentence = "This model is an encoder ('bert'): it embeds texts and generates none, so use `localllm embed`.";
        Assert.Equal(sentence, await new CliUnderTest().FailAsync("logits", "all-minilm", "--tokens", "1", "--output", _output));
        Assert.Equal(sentence, await new CliUnderTest().FailAsync("bench", "all-minilm"));
        Assert.False(File.Exists(_output));
    }

    [Fact]
    public async Task VerboseSaysWhatComputes()
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync("logits", s_model, "--tokens", "1", "--output", _output, "--verbose", "--threads", "2", "--kv", "f32", "--simd", "scalar", "--activations", "f32"));
        Assert.Equal("simd scalar, threads 2, kv f32, activations f32\n", cli.Error.ToString());
        Assert.Equal("", cli.Out.ToString());
    }

    private async Task<float[]> RowsAsync(int[] tokens, params string[] flags)
    {
        CliUnderTest cli = new();
        Assert.Equal(0, await cli.RunAsync(["logits", s_model, "--tokens", string.Join(',', tokens), "--output", _output, "--threads", "1", .. flags]));
        Assert.Equal("", cli.Error.ToString());
        return MemoryMarshal.Cast<byte, float>(await File.ReadAllBytesAsync(_output)).ToArray();
    }

    private static (int[] Tokens, float[] Logits) Case(int index)
    {
        JsonElement entry = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("models", "index.json"))).RootElement[0];
        Assert.Equal("qwen3-f16.gguf", entry.GetProperty("file").GetString());
        JsonElement chosen = entry.GetProperty("cases")[index];
        byte[] logits = File.ReadAllBytes(RepoPaths.Vector("models", chosen.GetProperty("logits").GetString()!));
        return ([.. chosen.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32())], MemoryMarshal.Cast<byte, float>(logits).ToArray());
    }
}
