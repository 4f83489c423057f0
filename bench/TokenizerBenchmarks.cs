using System.IO.Compression;
using System.Text;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using LocalLlm.Engine.Tokenization;
using LocalLlm.Gguf;

namespace LocalLlm.Bench;

/// <summary>How fast text becomes tokens, in MB of UTF-8 a second.</summary>
[MemoryDiagnoser]
[Config(typeof(Throughput))]
public class TokenizerBenchmarks
{
    /// <summary>Bytes of UTF-8 in every text.</summary>
    public const int TextBytes = 1 << 20;

    private Tokenizer _tokenizer = null!;
    private string _text = null!;

    /// <summary>The vocabulary.</summary>
    [Params("smollm2", "qwen3")]
    public string Model { get; set; } = "";

    /// <summary>What the text is: English prose, this repository's code, or a hostile run of one letter or of spaces.</summary>
    [Params("prose", "code", "letters", "spaces")]
    public string Text { get; set; } = "";

    /// <summary>Reads the vocabulary and makes the text.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _tokenizer = Model == "qwen3"
            ? Load(Checkout.File("tests", "Vectors", "tokenizer", "qwen3-vocab.gguf.gz"))
            : Load(Checkout.File("models", "SmolLM2-135M-Instruct.Q4_1.gguf"));
        _text = Text switch
        {
            "prose" => Repeat(File.ReadAllText(Checkout.File("tests", "Vectors", "models-real", "smollm2-135m.text.txt"))),
            "code" => Repeat(string.Concat(Directory.EnumerateFiles(Checkout.File("src"), "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllText))),
            "letters" => new string('a', TextBytes),
            _ => new string(' ', TextBytes),
        };
    }

    /// <summary>Text to tokens.</summary>
    [Benchmark]
    public int[] Encode() => _tokenizer.Encode(_text, addSpecial: false, parseSpecial: true);

    // At least TextBytes of text; cut so that the size is exact for ASCII and at most 3 bytes off otherwise.
    private static string Repeat(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(text, (TextBytes / text.Length) + 1)));
        return Encoding.UTF8.GetString(bytes.AsSpan(0, TextBytes));
    }

    private static Tokenizer Load(string path)
    {
        string? unpacked = path.EndsWith(".gz", StringComparison.Ordinal) ? Unpack(path) : null;
        try
        {
            using GgufFile file = GgufFile.Open(unpacked ?? path);
            return Tokenizer.Load(file.Metadata);
        }
        finally
        {
            if (unpacked is not null)
            {
                File.Delete(unpacked);
            }
        }
    }

    private static string Unpack(string path)
    {
        string unpacked = Path.GetTempFileName();
        using GZipStream packed = new(File.OpenRead(path), CompressionMode.Decompress);
        using FileStream output = File.Create(unpacked);
        packed.CopyTo(output);
        return unpacked;
    }

    private sealed class Throughput : ManualConfig
    {
        public Throughput() => AddColumn(new ThroughputColumn("MB/s", _ => TextBytes, "10^6 bytes of UTF-8", scale: 1e6));
    }
}
