using System.IO.Compression;
using System.Text.Json;
using LocalLlm.Engine.Tokenization;
using LocalLlm.Gguf;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Tokenization;

/// <summary>A string and the ids that other implementations give it.</summary>
public sealed record TokenizerCase(string Text, int[] Ids);

/// <summary>The published vocabularies that the tests have, read once, and what other tokenizers make of them.</summary>
internal static class GoldenTokenizers
{
    private static readonly Lazy<Tokenizer> LazyQwen3 = new(() => LoadPacked("qwen3-vocab.gguf.gz"));
    private static readonly Lazy<Tokenizer> LazyMiniLm = new(() => LoadPacked("all-minilm-vocab.gguf.gz"));
    private static readonly Lazy<Tokenizer> LazySmolLm2 = new(() => LoadFile(Path.Combine(RepoPaths.Root, "models", "SmolLM2-135M-Instruct.Q4_1.gguf")));

    public static Tokenizer Qwen3 => LazyQwen3.Value;

    public static Tokenizer SmolLm2 => LazySmolLm2.Value;

    public static Tokenizer MiniLm => LazyMiniLm.Value;

    public static Tokenizer LoadFile(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        return Tokenizer.Load(file.Metadata);
    }

    public static TokenizerCase[] Cases(string name) =>
        [.. File.ReadLines(RepoPaths.Vector("tokenizer", name)).Select(line => JsonSerializer.Deserialize<TokenizerCase>(line, JsonSerializerOptions.Web)!)];

    private static Tokenizer LoadPacked(string name)
    {
        string path = Path.GetTempFileName();
        try
        {
            using (GZipStream packed = new(File.OpenRead(RepoPaths.Vector("tokenizer", name)), CompressionMode.Decompress))
            using (FileStream unpacked = File.Create(path))
            {
                packed.CopyTo(unpacked);
            }
            return LoadFile(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
