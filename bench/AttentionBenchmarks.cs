using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using LocalLlm.Kernels;

namespace LocalLlm.Bench;

/// <summary>
/// Attention of one layer by depth, type of the cache and SIMD level, in the shape of Qwen3-0.6B (16 query heads over 8 kv heads of 128): one
/// token that sees <see cref="Depth"/> positions (decode), and the last 512 tokens of such a sequence (a chunk of a prefill).
/// </summary>
/// <remarks>Calls go round the layers of a cache of at least 128 MiB, as those of a forward pass do: a layer is never found in the processor's caches.</remarks>
[MemoryDiagnoser]
[Config(typeof(Throughput))]
public unsafe class AttentionBenchmarks : IDisposable
{
    private const int KvHeads = 8, Heads = 16, HeadDim = 128, Chunk = 512;
    private const long CacheBytes = 128 << 20;

    private readonly float[] _queries = new float[Chunk * Heads * HeadDim];
    private readonly float[] _output = new float[Chunk * Heads * HeadDim];
    private readonly float _scale = 1 / MathF.Sqrt(HeadDim);
    private WorkerPool _workers = null!;
    private CpuOps _ops = null!;
    private KvPool _kv = null!;
    private int[] _table = null!;
    private TokenPlace[] _places = null!;
    private int _layer;

    /// <summary>Positions that the last token sees.</summary>
    [Params(512, 2048, 8192, 32768)]
    public int Depth { get; set; }

    /// <summary>How the cache stores numbers.</summary>
    [Params(KvType.F16, KvType.F32, KvType.Q8_0)]
    public KvType Type { get; set; }

    /// <summary>The instructions; the scalar level is no contender.</summary>
    [ParamsSource(nameof(Levels))]
    public SimdLevel Level { get; set; }

    /// <summary>The widths that this processor has.</summary>
    public static IEnumerable<SimdLevel> Levels => SimdLevels.Supported.Where(level => level is SimdLevel.Avx2 or SimdLevel.Avx512);

    /// <summary>Fills a cache of <see cref="Depth"/> positions.</summary>
    [GlobalSetup]
    public void Fill()
    {
        int blocks = Depth / KvPool.BlockPositions, layers = (int)(1 + (CacheBytes / LayerBytes(Type, Depth)));
        _workers = new WorkerPool(WorkerPool.DefaultThreads);
        _ops = new CpuOps(Level, _workers);
        _kv = new KvPool(layers, KvHeads, HeadDim, HeadDim, Type, blocks);
        _table = GC.AllocateArray<int>(blocks, pinned: true);
        TokenPlace[] all = new TokenPlace[Depth];
        fixed (int* table = _table) // pinned anyway
        {
            for (int i = 0; i < blocks; i++)
            {
                _table[i] = i;
            }
            for (int i = 0; i < Depth; i++)
            {
                all[i] = new TokenPlace(table, i);
            }
        }
        Random random = new(1);
        float[] rows = new float[Chunk * KvHeads * HeadDim];
        foreach (float[] row in new[] { rows, _queries })
        {
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = random.NextSingle() - 0.5f;
            }
        }
        for (int first = 0; first < Depth; first += Chunk)
        {
            for (int layer = 0; layer < layers; layer++)
            {
                _ops.KvAppend(_kv, layer, rows, rows, all.AsSpan(first, Chunk));
            }
        }
        _places = all[^Chunk..];
    }

    /// <summary>Gives the cache back.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _kv?.Dispose();
        _workers?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>One token.</summary>
    [Benchmark]
    public void Decode() => _ops.Attention(
        _kv, NextLayer(), _queries.AsSpan(0, Heads * HeadDim), _places.AsSpan(Chunk - 1), Heads, _scale, _output.AsSpan(0, Heads * HeadDim));

    /// <summary>512 tokens.</summary>
    [Benchmark]
    public void Prefill() => _ops.Attention(_kv, NextLayer(), _queries, _places, Heads, _scale, _output);

    private int NextLayer() => _layer = (_layer + 1) % _kv.Layers;

    /// <summary>Bytes of one layer, each of which a call needs at least once.</summary>
    private static long LayerBytes(KvType type, int depth) => 2L * KvHeads * KvPool.PieceBytes(type, HeadDim) * (depth / KvPool.BlockPositions);

    /// <summary>Bytes of the cache that a call sees.</summary>
    private static long Bytes(BenchmarkCase benchmark) => LayerBytes((KvType)benchmark.Parameters[nameof(Type)], (int)benchmark.Parameters[nameof(Depth)]);

    /// <summary>Multiplications and additions of all scores and weighted values, four for each number of a head that a token sees.</summary>
    private static long Operations(BenchmarkCase benchmark)
    {
        int depth = (int)benchmark.Parameters[nameof(Depth)];
        long positions = benchmark.Descriptor.WorkloadMethod.Name == nameof(Decode) ? depth : (Chunk * (long)depth) - (Chunk * (Chunk - 1) / 2);
        return 4 * positions * Heads * HeadDim;
    }

    private sealed class Throughput : ManualConfig
    {
        public Throughput()
        {
            AddColumn(new ThroughputColumn("GB/s", benchmark => Bytes(benchmark), "10^9 bytes of the cache"));
            AddColumn(new ThroughputColumn("GFLOP/s", benchmark => Operations(benchmark), "10^9 floating-point operations"));
        }
    }
}
