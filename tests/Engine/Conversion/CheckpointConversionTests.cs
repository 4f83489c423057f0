using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LocalLlm.Engine.Conversion;
using LocalLlm.Gguf;
using LocalLlm.Quant;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Conversion;

/// <summary>Each key and each tensor of a conversion against what llama.cpp's own converter gives (tests/Vectors/hf/gguf_expected.json).</summary>
public sealed unsafe class CheckpointConversionTests(ConvertedModels models) : IClassFixture<ConvertedModels>
{
    public static TheoryData<string> Names => [.. CheckpointCopy.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void KeysAreTheExpectedOnes(string name)
    {
        using GgufFile file = GgufFile.Open(models.Path(name, GgmlType.F32));
        JsonElement expected = Expected(name).GetProperty("keys");
        string[] keys = [.. expected.EnumerateObject().Select(key => key.Name), "tokenizer.chat_template"];
        Assert.Equal(keys.Order(StringComparer.Ordinal), file.Metadata.Select(entry => entry.Key).Order(StringComparer.Ordinal));
        foreach (JsonProperty key in expected.EnumerateObject())
        {
            Assert.True(file.Metadata.TryGetValue(key.Name, out GgufValue? value));
            CheckValue(key, value);
        }
        using JsonDocument settings = JsonDocument.Parse(File.ReadAllText(Path.Combine(CheckpointCopy.Original(name), "tokenizer_config.json")));
        Assert.Equal(settings.RootElement.GetProperty("chat_template").GetString(), file.Metadata.GetString("tokenizer.chat_template"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TensorsAreTheExpectedOnes(string name)
    {
        using GgufFile file = GgufFile.Open(models.Path(name, GgmlType.F32));
        CheckTensors(file, name, tensor => Assert.Equal(GgmlType.F32, tensor.Type));
    }

    [Theory]
    [InlineData("qwen3-tied", GgmlType.BF16, 32)]
    [InlineData("qwen3-sharded", GgmlType.F32, 0)]
    [InlineData("qwen2", GgmlType.F16, 1)]
    [InlineData("llama3", GgmlType.BF16, 32)]
    [InlineData("yarn", GgmlType.BF16, 32)]
    [InlineData("qwen3-embedding", GgmlType.BF16, 32)]
    public void MatricesKeepTheirFormat(string name, GgmlType type, int fileType)
    {
        using GgufFile file = GgufFile.Open(models.Path(name));
        Assert.Equal(fileType, file.Metadata.GetInt32("general.file_type"));
        CheckTensors(file, name, tensor => Assert.Equal(tensor.Dimensions.Count == 1 ? GgmlType.F32 : type, tensor.Type));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void BothStylesOfConfigurationGiveTheSameBytes(string name)
    {
        using CheckpointCopy copy = new(name);
        File.Copy(RepoPaths.Vector("hf", "config-transformers5", $"{name}.json"), copy["config.json"], overwrite: true);
        copy.Convert().Dispose();
        Assert.Equal(File.ReadAllBytes(models.Path(name)), File.ReadAllBytes(copy.Result));
    }

    [Fact]
    public void AStreamGetsTheSameBytesAndEveryByteIsReported()
    {
        using ModelConverter converter = ModelConverter.Open(CheckpointCopy.Original("qwen2"));
        List<ConversionProgress> reports = [];
        using MemoryStream stream = new();
        converter.Write(stream, new Recorder(reports));
        Assert.Equal(File.ReadAllBytes(models.Path("qwen2")), stream.ToArray());
        Assert.Equal((converter.TensorBytes, converter.TensorBytes), (reports[^1].Bytes, reports[^1].TotalBytes));
        Assert.Equal(reports.Select(report => report.Bytes).Order(), reports.Select(report => report.Bytes));
        Assert.Equal(26, reports.Select(report => report.Tensor).Distinct().Count());
    }

    [Fact]
    public void StoppedItLeavesNothing()
    {
        using CheckpointCopy copy = new("qwen2");
        using CancellationTokenSource stopped = new();
        using ModelConverter converter = ModelConverter.Open(copy.Directory);
        Assert.Throws<OperationCanceledException>(() => converter.Write(copy.Result, new Stopper(stopped), stopped.Token));
        Assert.Empty(Directory.EnumerateFiles(Path.GetDirectoryName(copy.Result)!));
    }

    private static void CheckValue(JsonProperty key, GgufValue value)
    {
        switch (key.Value.ValueKind)
        {
            case JsonValueKind.Object:
                string[] items = key.Name.EndsWith("token_type", StringComparison.Ordinal)
                    ? value.TryGetInt32s(out int[] numbers) ? [.. numbers.Select(number => $"{number}")] : []
                    : value.TryGetStrings(out string[] texts) ? texts : [];
                Assert.Equal(key.Value.GetProperty("count").GetInt32(), items.Length);
                Assert.Equal(key.Value.GetProperty("sha256_of_lines").GetString(), Sha256(Encoding.UTF8.GetBytes(string.Join('\n', items))));
                break;
            case JsonValueKind.String:
                Assert.True(value.TryGetString(out string text));
                Assert.Equal(key.Value.GetString(), text);
                break;
            case JsonValueKind.Number when key.Value.GetRawText().Contains('.'):
                Assert.Equal(GgufValueType.Float32, value.Type);
                Assert.True(value.TryGetNumber(out double number));
                Assert.Equal(key.Value.GetDouble(), number);
                break;
            case JsonValueKind.Number:
                Assert.Equal(GgufValueType.UInt32, value.Type);
                Assert.True(value.TryGetInteger(out Int128 integer));
                Assert.Equal(key.Value.GetInt64(), (long)integer);
                break;
            default:
                Assert.True(value.TryGetBoolean(out bool flag));
                Assert.Equal(key.Value.GetBoolean(), flag);
                break;
        }
    }

    private static void CheckTensors(GgufFile file, string name, Action<GgufTensor> checkType)
    {
        JsonElement expected = Expected(name).GetProperty("tensors");
        Assert.Equal(
            expected.EnumerateObject().Select(tensor => tensor.Name).Order(StringComparer.Ordinal),
            file.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        foreach (GgufTensor tensor in file.Tensors)
        {
            checkType(tensor);
            JsonElement facts = expected.GetProperty(tensor.Name);
            Assert.Equal(facts.GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt64()), tensor.Dimensions.Reverse());
            float[] values = new float[tensor.ElementCount];
            RowDecoder.Decode(tensor.Type, new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteLength), values);
            byte[] bytes = new byte[values.Length * sizeof(float)];
            Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
            Assert.Equal(facts.GetProperty("sha256_f32").GetString(), Sha256(bytes));
        }
    }

    private static JsonElement Expected(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(RepoPaths.Vector("hf", "gguf_expected.json")));
        return document.RootElement.GetProperty(name).Clone();
    }

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private sealed class Recorder(List<ConversionProgress> reports) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => reports.Add(value);
    }

    private sealed class Stopper(CancellationTokenSource source) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => source.Cancel();
    }
}
