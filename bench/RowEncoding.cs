using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using LocalLlm.Gguf;
using LocalLlm.Quant;

namespace LocalLlm.Bench;

/// <summary>
/// Float32 rows to every format that can be written, on one thread. Row and destination stay in the first caches. The weights are normally distributed,
/// as those of models nearly are: unlike decoding, the search for scales takes paths that depend on them.
/// </summary>
[Config(typeof(Throughput))]
public class RowEncoding
{
    /// <summary>Weights of the row: the width of a small model's layers.</summary>
    public const int Columns = 4096;

    private readonly float[] _row = new float[Columns];
    private byte[] _destination = [];

    /// <summary>Format of the result.</summary>
    [ParamsSource(nameof(Types))]
    public GgmlType Type { get; set; }

    /// <summary>Every format that has an encoder.</summary>
    public static IEnumerable<GgmlType> Types => RowEncoder.Types;

    /// <summary>Makes a row.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _destination = new byte[GgmlTypes.RowBytes(Type, Columns)];
        Random random = new(1);
        foreach (ref float weight in _row.AsSpan())
        {
            // Box and Muller 1958; deviation 0.02.
            weight = (float)(0.02 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }
    }

    /// <summary>One row.</summary>
    [Benchmark]
    public void Encode() => RowEncoder.Encode(Type, _row, _destination);

    private sealed class Throughput : ManualConfig
    {
        public Throughput()
        {
            AddColumn(new ThroughputColumn("Float32 MB/s", _ => Columns * sizeof(float), "10^6 bytes of float32 weights", 1e6));
            AddColumn(new ThroughputColumn("Mweights/s", _ => Columns, "10^6 weights", 1e6));
        }
    }
}
