using LocalLlm.Gguf.Safetensors;
using LocalLlm.Tests;

namespace LocalLlm.Gguf.Tests.Safetensors;

/// <summary>Directories of safetensors: one file, shards with an index, and indexes that lie.</summary>
public sealed class SafetensorsCheckpointTests : IDisposable
{
    private const string IndexName = "model.safetensors.index.json";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localllm-safetensors-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void PublishedShardsGiveAllTensors()
    {
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(RepoPaths.Vector("hf", "qwen3-sharded"));
        Assert.Equal(25, checkpoint.Tensors.Count);
        Assert.Equal(4_201_472, checkpoint.Tensors.Sum(tensor => tensor.ByteLength));
        Assert.EndsWith("model-00003-of-00003.safetensors", checkpoint.Find("lm_head.weight")!.Path, StringComparison.Ordinal);
    }

    [Fact]
    public void ADirectoryWithoutWeightsIsNamed() => Assert.Contains("neither model.safetensors nor", Refuse(), StringComparison.Ordinal);

    [Theory]
    [InlineData("../elsewhere.safetensors")]
    [InlineData("/etc/hostname.safetensors")]
    [InlineData("sub\\\\a.safetensors")]
    [InlineData("a.bin")]
    [InlineData("")]
    public void AShardLiesBesideItsIndex(string name)
    {
        WriteIndex($"\"a\":\"{name}\"");
        Assert.Contains("no plain name", Refuse(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"weight_map\":[]}")]
    [InlineData("{\"weight_map\":{\"a\":1}}")]
    [InlineData("{\"weight_map\":{\"a\":\"1.safetensors\",\"a\":\"2.safetensors\"}}")]
    public void AnIndexIsAMap(string json)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, IndexName), json);
        Assert.Contains("weight_map", Refuse(), StringComparison.Ordinal);
    }

    [Fact]
    public void ATensorStandsOnceAndWhereTheIndexSays()
    {
        WriteShard("1.safetensors", "a");
        WriteShard("2.safetensors", "a");
        WriteIndex("\"a\":\"1.safetensors\",\"b\":\"2.safetensors\"");
        Assert.Contains("'a' also stands in", Refuse(), StringComparison.Ordinal);

        WriteShard("2.safetensors", "c");
        Assert.Contains("'b' in '2.safetensors'", Refuse(), StringComparison.Ordinal);

        WriteIndex("\"a\":\"1.safetensors\",\"c\":\"1.safetensors\"");
        Assert.Contains("'c' in '1.safetensors'", Refuse(), StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingShardIsNamed()
    {
        WriteIndex("\"a\":\"1.safetensors\"");
        Assert.Contains("1.safetensors", Assert.Throws<FileNotFoundException>(() => SafetensorsCheckpoint.Open(_folder.FullName)).Message, StringComparison.Ordinal);
    }

    private void WriteIndex(string map) => File.WriteAllText(Path.Combine(_folder.FullName, IndexName), $"{{\"weight_map\":{{{map}}}}}");

    private void WriteShard(string name, string tensor) =>
        File.WriteAllBytes(Path.Combine(_folder.FullName, name), RawSafetensors.File($"{{{RawSafetensors.Entry(tensor, "F32", "1", 0, 4)}}}", 4));

    private string Refuse() => Assert.Throws<SafetensorsFormatException>(() => SafetensorsCheckpoint.Open(_folder.FullName)).Message;
}
