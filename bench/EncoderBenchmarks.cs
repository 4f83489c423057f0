using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using LocalLlm.Engine;
using LocalLlm.Kernels;

namespace LocalLlm.Bench;

/// <summary>Texts to vectors by an encoder in this process: tokenizing, the forward pass and pooling, one request after the other.</summary>
[MemoryDiagnoser]
[Config(typeof(Throughput))]
public class EncoderBenchmarks : IDisposable
{
    private ITextEngine _engine = null!;
    private EmbeddingRequest _request = null!;

    /// <summary>The model.</summary>
    [ParamsSource(nameof(Models))]
    public BenchModel Model { get; set; } = null!;

    /// <summary>Instructions in use.</summary>
    [ParamsSource(nameof(Levels))]
    public SimdLevel Level { get; set; }

    /// <summary>Threads.</summary>
    [ParamsSource(nameof(ThreadCounts))]
    public int Threads { get; set; }

    /// <summary>Tokens of a text: a sentence, and a paragraph.</summary>
    [Params(30, 300)]
    public int Tokens { get; set; }

    /// <summary>Texts of the request.</summary>
    [Params(1, 32)]
    public int Texts { get; set; }

    /// <summary>The models.</summary>
    public static IEnumerable<BenchModel> Models => Choices.Encoders;

    /// <summary>The levels.</summary>
    public static IEnumerable<SimdLevel> Levels => Choices.Levels;

    /// <summary>The numbers of threads.</summary>
    public static IEnumerable<int> ThreadCounts => Choices.ThreadCounts;

    /// <summary>Loads the model and makes the texts.</summary>
    [GlobalSetup]
    public void Load()
    {
        _engine = TextEngines.Open(Model.Path, new ModelOptions { Simd = Level, Threads = Threads });
        _request = new EmbeddingRequest { Inputs = new EnglishTexts(Model.Path).Make(Texts, Tokens) };
    }

    /// <summary>Frees the model.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _engine?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }

    /// <summary>A request.</summary>
    [Benchmark]
    public async Task<float> Embed() => (await _engine.EmbedAsync(_request).ConfigureAwait(false)).Vectors[0][0];

    private sealed class Throughput : ManualConfig
    {
        public Throughput()
        {
            static int Parameter(BenchmarkCase benchmark, string name) => (int)benchmark.Parameters[name];
            AddColumn(new ThroughputColumn("Texts/s", benchmark => Parameter(benchmark, nameof(Texts)), "texts", scale: 1));
            AddColumn(new ThroughputColumn("Tokens/s", benchmark => (double)Parameter(benchmark, nameof(Texts)) * Parameter(benchmark, nameof(Tokens)), "tokens", scale: 1));
            SummaryStyle = SummaryStyle.Default.WithMaxParameterColumnWidth(48);
        }
    }
}
