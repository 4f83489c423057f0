using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using LocalLlm.Engine.Conversion;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Cli;

/// <summary><c>--adapter</c>: how it is written, and that it reaches the model. What adapters compute is the engine's tests.</summary>
public sealed class AdapterFlagsTests : IDisposable
{
    private static readonly string s_adapter = RepoPaths.Vector("hf", "qwen3-tied-lora");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-adapter-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task TheLogitsAreThoseOfTheAdaptedModel()
    {
        string model = await ConvertAsync(), rows = Path.Combine(_folder.FullName, "rows.f32");
        using JsonDocument document = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(s_adapter, "expected.json")));
        JsonElement test = document.RootElement.GetProperty("cases")[0];
        string tokens = string.Join(',', test.GetProperty("ids").EnumerateArray().Select(token => token.GetInt32()));
        float[] expected = Floats(Path.Combine(s_adapter, test.GetProperty("logits").GetString()!));

        // Both forms at once, half of each.
        string[] adapters = ["--adapter", $"{s_adapter}:0.5", "--adapter", $"{Path.Combine(s_adapter, "adapter.gguf")}:5e-1"];
        Assert.Equal(0, await new CliUnderTest().RunAsync(["logits", model, "--tokens", tokens, "--kv", "f32", "-o", rows, .. adapters]));
        float[] actual = Floats(rows);
        Assert.Equal(expected.Length, actual.Length);
        Assert.InRange(expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max(), 0, 1e-3f);
    }

    [Fact]
    public async Task AFileWhoseNameHasAColonIsTakenAsItStands()
    {
        string model = await ConvertAsync(), odd = Path.Combine(_folder.FullName, "a:2");
        File.Copy(Path.Combine(s_adapter, "adapter.gguf"), odd);
        Assert.Equal(0, await LogitsAsync(model, odd));
    }

    [Theory]
    [InlineData("nowhere.gguf", "There is no adapter 'nowhere.gguf'")]
    [InlineData("nowhere.gguf:2", "There is no adapter 'nowhere.gguf:2'")]
    [InlineData("{0}:two", "must be a number, as in {0}:0.5, not 'two'")]
    [InlineData("{0}:NaN", "must be a number")]
    [InlineData("{0}:", "must be a number")]
    public async Task AMistakeIsTold(string adapter, string problem)
    {
        string given = string.Format(CultureInfo.InvariantCulture, adapter, s_adapter);
        string message = await new CliUnderTest().FailAsync("logits", "smollm2", "--tokens", "1", "-o", Path.Combine(_folder.FullName, "x"), "--adapter", given);
        Assert.Contains(string.Format(CultureInfo.InvariantCulture, problem, s_adapter), message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnAdapterForAnotherModelIsRefused()
    {
        string message = await new CliUnderTest().FailAsync(
            "logits", "smollm2", "--tokens", "1", "-o", Path.Combine(_folder.FullName, "x"), "--adapter", Path.Combine(s_adapter, "adapter.gguf"));
        Assert.Contains("'qwen3', and this one is 'llama'", message, StringComparison.Ordinal);
        Assert.Empty(_folder.GetFiles());
    }

    private async Task<string> ConvertAsync()
    {
        string path = Path.Combine(_folder.FullName, "model.gguf");
        using ModelConverter converter = ModelConverter.Open(RepoPaths.Vector("hf", "qwen3-tied"));
        await Task.Run(() => converter.Write(path));
        return path;
    }

    private async Task<int> LogitsAsync(string model, string adapter) =>
        await new CliUnderTest().RunAsync("logits", model, "--tokens", "1,2", "-o", Path.Combine(_folder.FullName, "rows"), "--adapter", adapter);

    private static float[] Floats(string path) => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path)).ToArray();
}
