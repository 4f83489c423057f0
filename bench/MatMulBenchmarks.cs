using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using LocalLlm.Gguf;
using LocalLlm.Kernels;

namespace LocalLlm.Bench;

/// <summary>
/// A matrix of 1024 x 1024 times many vectors on one thread, as in prefill, by format, level and number of tokens. Without unpacking the rows
/// into a panel first, three tokens are the most that are multiplied, at the level <c>avx512vnni</c> twelve or, by format, some more.
/// </summary>
[Config(typeof(Throughput))]
public unsafe class MatMulBenchmarks : IDisposable
{
    private const int Rows = 1024, Columns = 1024;

    private WorkerPool _workers = null!;
    private CpuOps _ops = null!;
    private QuantizedActivations _q = null!;
    private byte* _data;
    private float[] _x = null!, _y = null!;
    private WeightMatrix _w;

    /// <summary>Format of the weights.</summary>
    [ParamsSource(nameof(Types))]
    public GgmlType Type { get; set; }

    /// <summary>Instructions in use.</summary>
    [ParamsSource(nameof(Levels))]
    public SimdLevel Level { get; set; }

    /// <summary>Vectors of a call.</summary>
    [Params(1, 3, 4, 8, 12, 24, 512)]
    public int Tokens { get; set; }

    /// <summary>The formats.</summary>
    public static IEnumerable<GgmlType> Types => Choices.Formats;

    /// <summary>The levels.</summary>
    public static IEnumerable<SimdLevel> Levels => Choices.Levels;

    /// <summary>Fills the matrix and the vectors.</summary>
    [GlobalSetup]
    public void Setup()
    {
        long bytes = Rows * GgmlTypes.RowBytes(Type, Columns);
        _data = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, 64);
        RandomWeights.Fill(Type, new Span<byte>(_data, (int)bytes));
        _w = new(Type, Rows, Columns, _data);
        _x = new float[Tokens * Columns];
        _y = new float[Tokens * Rows];
        RandomWeights.Fill(_x);
        _workers = new(1);
        _ops = new(Level, _workers);
        _q = new(Tokens, Columns);
        _ops.Quantize(_x, Columns, _q);
    }

    /// <summary>Gives the memory and the threads back.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
        _q?.Dispose();
        _workers?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>One product.</summary>
    [Benchmark]
    public void MatrixTimesVectors() => _ops.MatMul(_w, _x, _q, default, _y);

    private sealed class Throughput : ManualConfig
    {
        public Throughput() => AddColumn(new ThroughputColumn(
            "GMAC/s", benchmark => (double)Rows * Columns * (int)benchmark.Parameters[nameof(Tokens)], "10^9 multiply-adds"));
    }
}
