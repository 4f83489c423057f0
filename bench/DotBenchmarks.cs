using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using LocalLlm.Gguf;
using LocalLlm.Kernels;

namespace LocalLlm.Bench;

/// <summary>
/// A matrix times one vector, as in decode, by format, level and number of threads. The matrix lies in a mapped file and is far larger than
/// the caches, so that the bound is the speed at which the same threads read such a file.
/// </summary>
[Config(typeof(Throughput))]
public unsafe class DotBenchmarks : IDisposable
{
    private const int Columns = 1024;
    private const long Bytes = 256L << 20;

    private readonly float[] _x = new float[Columns];
    private WorkerPool _workers = null!;
    private CpuOps _ops = null!;
    private QuantizedActivations _q = null!;
    private MappedMemory _data = null!;
    private float[] _y = null!;
    private WeightMatrix _w;

    /// <summary>Format of the weights.</summary>
    [ParamsSource(nameof(Types))]
    public GgmlType Type { get; set; }

    /// <summary>Instructions in use.</summary>
    [ParamsSource(nameof(Levels))]
    public SimdLevel Level { get; set; }

    /// <summary>Threads.</summary>
    [ParamsSource(nameof(ThreadCounts))]
    public int Threads { get; set; }

    /// <summary>The formats.</summary>
    public static IEnumerable<GgmlType> Types => Choices.Formats;

    /// <summary>The levels.</summary>
    public static IEnumerable<SimdLevel> Levels => Choices.Levels;

    /// <summary>The numbers of threads.</summary>
    public static IEnumerable<int> ThreadCounts => Choices.ThreadCounts;

    /// <summary>Makes the matrix and the vector.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _data = new(Bytes, (_, bytes) => RandomWeights.Fill(Type, bytes.Span));
        _w = new(Type, Rows(Type), Columns, _data.Data);
        _y = new float[_w.Rows];
        _workers = new(Threads);
        _ops = new(Level, _workers);
        _q = new(1, Columns);
        RandomWeights.Fill(_x);
        _ops.Quantize(_x, Columns, _q);
    }

    /// <summary>Gives the memory and the threads back.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _data?.Dispose();
        _q?.Dispose();
        _workers?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>One product.</summary>
    [Benchmark]
    public void MatrixTimesVector() => _ops.MatMul(_w, _x, _q, default, _y);

    private static int Rows(GgmlType type) => (int)(Bytes / GgmlTypes.RowBytes(type, Columns));

    private sealed class Throughput : ManualConfig
    {
        public Throughput()
        {
            static GgmlType Type(BenchmarkDotNet.Running.BenchmarkCase benchmark) => (GgmlType)benchmark.Parameters[nameof(DotBenchmarks.Type)];
            AddColumn(new ThroughputColumn("GMAC/s", benchmark => (double)Rows(Type(benchmark)) * Columns, "10^9 multiply-adds"));
            AddColumn(new ThroughputColumn("GB/s", benchmark => Rows(Type(benchmark)) * GgmlTypes.RowBytes(Type(benchmark), Columns), "10^9 bytes of weights"));
            AddColumn(new BandwidthShareColumn(
                benchmark => Rows(Type(benchmark)) * GgmlTypes.RowBytes(Type(benchmark), Columns), benchmark => (int)benchmark.Parameters[nameof(Threads)]));
        }
    }
}
