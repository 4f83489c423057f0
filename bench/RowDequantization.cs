using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using LocalLlm.Gguf;
using LocalLlm.Kernels;
using LocalLlm.Quant;

namespace LocalLlm.Bench;

/// <summary>
/// Rows of a weight matrix to float32 on one thread, every format and level. The row and its destination stay in the first caches, so
/// the figures are those of the instructions, not of the memory.
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

    /// <summary>Every level that this processor runs.</summary>
    public static IEnumerable<SimdLevel> LevelsHere => SimdLevels.Supported;

    /// <summary>Fills a row with random bytes: no format's time depends on its values.</summary>
    [GlobalSetup]
    public void Setup()
    {
        nuint bytes = (nuint)GgmlTypes.RowBytes(Type, Columns);
        _row = (byte*)NativeMemory.AlignedAlloc(bytes, 64);
        _destination = (float*)NativeMemory.AlignedAlloc(Columns * sizeof(float), 64);
        new Random(1).NextBytes(new Span<byte>(_row, (int)bytes));
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
            AddColumn(new ThroughputColumn("Row GB/s", benchmark => GgmlTypes.RowBytes((GgmlType)benchmark.Parameters[nameof(Type)], Columns)));
            AddColumn(new ThroughputColumn("Float32 GB/s", _ => Columns * sizeof(float)));
        }
    }
}
