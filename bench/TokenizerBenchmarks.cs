using System.IO.Compression;
using System.Text;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using LocalLlm.Engine.Tokenization;
using LocalLlm.Gguf;

namespace LocalLlm.Bench;

/// <summary>How fast text becomes tokens, in MB of UTF-8 a second.</summary>
[MemoryDiagnoser]
[Config(typeof(ThroughputConfig))]
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
        string root = FindRoot();
        _tokenizer = Model == "qwen3"
            ? Load(Path.Combine(root, "tests", "Vectors", "tokenizer", "qwen3-vocab.gguf.gz"))
            : Load(Path.Combine(root, "models", "SmolLM2-135M-Instruct.Q4_1.gguf"));
        _text = Text switch
        {
            "prose" => Repeat(File.ReadAllText(Path.Combine(root, "tests", "Vectors", "models-real", "smollm2-135m.text.txt"))),
            "code" => Repeat(string.Concat(Directory.EnumerateFiles(Path.Combine(root, "src"), "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllText))),
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

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "LocalLlm.sln")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new DirectoryNotFoundException("The benchmarks run from a checkout.");
    }

    private sealed class ThroughputConfig : ManualConfig
    {
        public ThroughputConfig() => AddColumn(new ThroughputColumn());
    }

    private sealed class ThroughputColumn : IColumn
    {
        public string Id => nameof(ThroughputColumn);

        public string ColumnName => "MB/s";

        public string Legend => "Millions of bytes of UTF-8 a second";

        public bool AlwaysShow => true;

        public ColumnCategory Category => ColumnCategory.Custom;

        public int PriorityInCategory => 0;

        public bool IsNumeric => true;

        public UnitType UnitType => UnitType.Dimensionless;

        public bool IsAvailable(Summary summary) => true;

        public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, summary.Style);

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style)
        {
            double? nanoseconds = summary[benchmarkCase]?.ResultStatistics?.Mean;
            return nanoseconds is { } time ? (TextBytes * 1e3 / time).ToString("F1", style.CultureInfo) : "-";
        }
    }
}
