using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using LocalLlm.Tests;

namespace LocalLlm.Gguf.Tests;

/// <summary>
/// Files written by other programs. The facts were taken with a parser that shares nothing with the product: counts, and the first 16 hex
/// digits of SHA-256 over the keys (each with a line feed), over the tensors (name, dimensions, type number, data) and over the tokens
/// (each with a zero byte).
/// </summary>
public sealed unsafe class PublishedFilesTests
{
    public sealed record Facts(string File, string Name, int Keys, string KeyHash, int Tensors, string TensorHash, int Tokens, string TokenHash, int Merges)
    {
        public override string ToString() => File;
    }

    public static TheoryData<Facts> Files =>
    [
        new("models/SmolLM2-135M-Instruct.Q4_1.gguf", "Smollm2 135M 8k Lc100K Mix1 Ep2", 33, "e9a3edc313b6e4ff", 272, "712cf2032c6b0100", 49152, "4ca839f11927b889", 48900),
        new("tests/Vectors/hf/gguf/llama3.BF16.gguf", "llama3", 24, "7c47672a389fbb7f", 22, "bb7c23f8384409e7", 1280, "570d43fe9a774ad0", 994),
        new("tests/Vectors/hf/gguf/yarn.BF16.gguf", "yarn", 27, "ac18f2c23affd516", 24, "9165631e93553ad8", 1280, "570d43fe9a774ad0", 994),
        new("tests/Vectors/models/llama-q4_1.gguf", "tiny llama Q4_1 seed 16", 25, "59e7280555b88cec", 21, "22cbffb5ccf90047", 512, "b323820d1347f5d4", 240),
        new("tests/Vectors/models/qwen2-q8_0.gguf", "tiny qwen2 Q8_0 seed 17", 23, "dcd28e61f4f62598", 26, "fd1cf3081fa2c207", 512, "b323820d1347f5d4", 240),
        new("tests/Vectors/models/qwen3-embedding.gguf", "tiny qwen3 Q8_0 seed 15", 25, "4e62c6fa4490d98e", 24, "e7574c8752dea546", 512, "b323820d1347f5d4", 240),
        new("tests/Vectors/models/qwen3-f16.gguf", "tiny qwen3 F16 seed 11", 23, "04cea95414c42125", 24, "e45ead48477806a2", 512, "b323820d1347f5d4", 240),
        new("tests/Vectors/models/qwen3-q4_k_m.gguf", "tiny qwen3 Q4_K_M seed 13", 23, "04cea95414c42125", 46, "e1f283bbe304bf6e", 512, "b323820d1347f5d4", 240),
        new("tests/Vectors/models/qwen3-q8_0.gguf", "tiny qwen3 Q8_0 seed 12", 23, "04cea95414c42125", 24, "77070ce82f99fda3", 512, "b323820d1347f5d4", 240),
        new("tests/Vectors/models/qwen3-untied-hd128.gguf", "tiny qwen3 Q8_0 seed 14", 23, "04cea95414c42125", 25, "95a12b1d33b92ad1", 512, "b323820d1347f5d4", 240),
        new("tests/Vectors/tokenizer/qwen3-vocab.gguf.gz", "Qwen3 vocabulary only", 12, "95c36e880bf01839", 0, "e3b0c44298fc1c14", 151936, "b6d97582280f5647", 151387),
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void Opens_with_the_expected_contents(Facts facts)
    {
        using TempFolder folder = new();
        using GgufFile file = GgufFile.Open(PathOf(facts.File, folder));

        Assert.Equal((3u, 32), (file.Version, file.Alignment));
        Assert.Equal(facts.Name, file.Metadata.GetString("general.name"));
        Assert.Equal((facts.Keys, facts.Tensors), (file.Metadata.Count, file.Tensors.Count));
        Assert.Equal(facts.KeyHash, Hash(file.Metadata.Select(entry => Encoding.UTF8.GetBytes(entry.Key + "\n"))));
        Assert.Equal(facts.TensorHash, HashTensors(file));

        string[] tokens = file.Metadata.GetStrings("tokenizer.ggml.tokens");
        Assert.Equal(facts.Tokens, tokens.Length);
        Assert.Equal(facts.TokenHash, Hash(tokens.Select(token => Encoding.UTF8.GetBytes(token + "\0"))));
        Assert.Equal(facts.Merges, file.Metadata.GetStrings("tokenizer.ggml.merges").Length);
        Assert.True(file.Metadata.TryGetInt32s("tokenizer.ggml.token_type", out int[]? types));
        Assert.Equal(facts.Tokens, types.Length);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Is_written_again_byte_for_byte(Facts facts)
    {
        using TempFolder folder = new();
        string path = PathOf(facts.File, folder);
        using GgufFile file = GgufFile.Open(path);
        using SHA256 hash = SHA256.Create();
        using (CryptoStream stream = new(Stream.Null, hash, CryptoStreamMode.Write))
        {
            GgufWriter.From(file).Write(stream);
        }
        using FileStream original = File.OpenRead(path);
        Assert.Equal(Convert.ToHexString(SHA256.HashData(original)), Convert.ToHexString(hash.Hash!));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Is_written_again_from_its_entries_alone(Facts facts)
    {
        // The same files through the way of new files: their layout is the packed one, so even that gives the same bytes.
        using TempFolder folder = new();
        string path = PathOf(facts.File, folder);
        using GgufFile file = GgufFile.Open(path);
        GgufWriter writer = new(file.Version);
        foreach ((string key, GgufValue value) in file.Metadata)
        {
            writer.Add(key, value);
        }
        foreach (GgufTensor tensor in file.Tensors)
        {
            writer.AddTensor(tensor);
        }
        writer.Write(folder["copy.gguf"]);
        using FileStream original = File.OpenRead(path);
        using FileStream copy = File.OpenRead(folder["copy.gguf"]);
        Assert.Equal(Convert.ToHexString(SHA256.HashData(original)), Convert.ToHexString(SHA256.HashData(copy)));
    }

    [Fact]
    public void A_vocabulary_of_150000_tokens_opens_without_an_object_per_token()
    {
        using TempFolder folder = new();
        string path = PathOf("tests/Vectors/tokenizer/qwen3-vocab.gguf.gz", folder);
        long before = GC.GetAllocatedBytesForCurrentThread();
        using GgufFile file = GgufFile.Open(path);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, 0, file.FileBytes + (256 << 10));
    }

    private static string PathOf(string file, TempFolder folder)
    {
        string path = Path.Combine(RepoPaths.Root, file);
        if (!path.EndsWith(".gz", StringComparison.Ordinal))
        {
            return path;
        }
        using GZipStream packed = new(File.OpenRead(path), CompressionMode.Decompress);
        using FileStream unpacked = File.Create(folder[Path.GetFileNameWithoutExtension(path)]);
        packed.CopyTo(unpacked);
        return unpacked.Name;
    }

    private static string Hash(IEnumerable<byte[]> pieces)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (byte[] piece in pieces)
        {
            hash.AppendData(piece);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    private static string HashTensors(GgufFile file)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (GgufTensor tensor in file.Tensors)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{tensor.Name}\n{string.Join(',', tensor.Dimensions)}\n{(uint)tensor.Type}\n"));
            hash.AppendData(new ReadOnlySpan<byte>(tensor.Data, checked((int)tensor.ByteLength)));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}
