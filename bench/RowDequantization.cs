using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using LocalLlm.Gguf;
using LocalLlm.Kernels;
using LocalLlm.Quant;

namespace LocalLlm.Bench;

/// <summary>
/// Rows of a weight matrix to float32 on one thread, every format and level. The row and its destination stay in the first caches, so
/// the figures are those of the instructions, not of the memory: a share of the bandwidth below 100 % says that the instructions would hold up
/// a reader of memory.
/// </summary>
[Config(typeof(Throughput))]
public unsafe class RowDequantization
{
    /// <summary>Weights of the row: the width of a small model's layers.</summary>
    public const int Columns = 4096;

    private byte* _row;
    private float* _destination;

    /// <summary>Format of the row.</summary>
    [ParamsSource(nameof(Types))]
    public GgmlType Type { get; set; }

    /// <summary>Instructions in use.</summary>
    [ParamsSource(nameof(LevelsHere))]
    public SimdLevel Level { get; set; }

    /// <summary>Every format that has a decoder.</summary>
    public static IEnumerable<GgmlType> Types => GgmlTypes.All.Where(RowDecoder.Supports);

    /// <summary>The levels.</summary>
    public static IEnumerable<SimdLevel> LevelsHere => Choices.Levels;

    /// <summary>Makes a row.</summary>
    [GlobalSetup]
    public void Setup()
    {
        nuint bytes = (nuint)GgmlTypes.RowBytes(Type, Columns);
        _row = (byte*)NativeMemory.AlignedAlloc(bytes, 64);
        _destination = (float*)NativeMemory.AlignedAlloc(Columns * sizeof(float), 64);
        RandomWeights.Fill(Type, new Span<byte>(_row, (int)bytes));
    }

    /// <summary>Gives the buffers back.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        NativeMemory.AlignedFree(_row);
        NativeMemory.AlignedFree(_destination);
    }

    /// <summary>One row.</summary>
    [Benchmark]
    public void Dequantize() => RowDequantizer.Dequantize(Level, Type, _row, Columns, _destination);

    private sealed class Throughput : ManualConfig
    {
        public Throughput()
        {
            static double Bytes(BenchmarkCase benchmark) => GgmlTypes.RowBytes((GgmlType)benchmark.Parameters[nameof(Type)], Columns);
            AddColumn(new ThroughputColumn("Row GB/s", Bytes, "10^9 bytes of weights"));
            AddColumn(new ThroughputColumn("Float32 GB/s", _ => Columns * sizeof(float), "10^9 bytes of results"));
            AddColumn(new BandwidthShareColumn(Bytes, _ => 1));
        }
    }
}
