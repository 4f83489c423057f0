using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using LocalLlm.Gguf;
using LocalLlm.Kernels;

namespace LocalLlm.Bench;

/// <summary>
/// A matrix times one vector, as in decode, by format, level and number of threads. The matrix is far larger than the caches, so that
/// the figure to compare with is the speed at which the same threads read memory: the row of F32, which does nothing else.
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
    private byte* _data;
    private float[] _y = null!;
    private WeightMatrix _w;

    /// <summary>Format of the weights.</summary>
    [ParamsSource(nameof(Types))]
    public GgmlType Type { get; set; }

    /// <summary>Instructions in use; the scalar level is no contender.</summary>
    [ParamsSource(nameof(Levels))]
    public SimdLevel Level { get; set; }

    /// <summary>Threads.</summary>
    [ParamsSource(nameof(ThreadCounts))]
    public int Threads { get; set; }

    /// <summary>The formats with an integer dot product, and the three that are none.</summary>
    public static IEnumerable<GgmlType> Types =>
    [
        GgmlType.Q8_0, GgmlType.Q4_0, GgmlType.Q4_1, GgmlType.Q5_0, GgmlType.Q5_1, GgmlType.Q4_K, GgmlType.Q5_K, GgmlType.Q6_K,
        GgmlType.F16, GgmlType.BF16, GgmlType.F32,
    ];

    /// <summary>The vector levels that this processor has.</summary>
    public static IEnumerable<SimdLevel> Levels => SimdLevels.Supported.Where(level => level != SimdLevel.Scalar);

    /// <summary>One thread, and as many as there are cores.</summary>
    public static IEnumerable<int> ThreadCounts => new[] { 1, WorkerPool.DefaultThreads }.Distinct();

    /// <summary>Fills the matrix with random bytes: no kernel's time depends on its values.</summary>
    [GlobalSetup]
    public void Setup()
    {
        long rowBytes = GgmlTypes.RowBytes(Type, Columns);
        int rows = (int)(Bytes / rowBytes);
        _data = (byte*)NativeMemory.AlignedAlloc((nuint)(rows * rowBytes), 64);
        Random random = new(1);
        for (long i = 0; i < rows; i++)
        {
            random.NextBytes(new Span<byte>(_data + i * rowBytes, (int)rowBytes));
        }
        _w = new(Type, rows, Columns, _data);
        _y = new float[rows];
        _workers = new(Threads);
        _ops = new(Level, _workers);
        _q = new(1, Columns);
        for (int i = 0; i < Columns; i++)
        {
            _x[i] = random.NextSingle() - 0.5f;
        }
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
    public void MatrixTimesVector() => _ops.MatMul(_w, _x, _q, default, _y);

    private sealed class Throughput : ManualConfig
    {
        public Throughput() => AddColumn(new ThroughputColumn("Weights GB/s", _ => Bytes));
    }
}
