using BenchmarkDotNet.Attributes;
using LocalLlm.Kernels;

namespace LocalLlm.Bench;

/// <summary>
/// Attention of one layer by depth, in the shape of Qwen3-0.6B (16 query heads over 8 kv heads of 128): one token that sees
/// <see cref="Depth"/> positions (decode), and the last 128 tokens of such a sequence (a chunk of a prefill).
/// </summary>
[MemoryDiagnoser]
public unsafe class AttentionBenchmarks : IDisposable
{
    private const int KvHeads = 8, Heads = 16, HeadDim = 128, Chunk = 128;

    private readonly float[] _queries = new float[Chunk * Heads * HeadDim];
    private readonly float[] _output = new float[Chunk * Heads * HeadDim];
    private readonly float _scale = 1 / MathF.Sqrt(HeadDim);
    private WorkerPool _workers = null!;
    private CpuOps _ops = null!;
    private KvPool _kv = null!;
    private int[] _table = null!;
    private TokenPlace[] _places = null!;

    /// <summary>Positions that the last token sees.</summary>
    [Params(128, 1024, 4096, 16384)]
    public int Depth { get; set; }

    /// <summary>How the cache stores numbers.</summary>
    [Params(KvType.F16, KvType.F32)]
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
        int blocks = Depth / KvPool.BlockPositions;
        _workers = new WorkerPool(WorkerPool.DefaultThreads);
        _ops = new CpuOps(Level, _workers);
        _kv = new KvPool(1, KvHeads, HeadDim, HeadDim, Type, blocks);
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
        float[] rows = new float[Depth * KvHeads * HeadDim];
        foreach (float[] row in new[] { rows, _queries })
        {
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = random.NextSingle() - 0.5f;
            }
        }
        _ops.KvAppend(_kv, 0, rows, rows, all);
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
        _kv, 0, _queries.AsSpan(0, Heads * HeadDim), _places.AsSpan(Chunk - 1), Heads, _scale, _output.AsSpan(0, Heads * HeadDim));

    /// <summary>128 tokens.</summary>
    [Benchmark]
    public void Prefill() => _ops.Attention(_kv, 0, _queries, _places, Heads, _scale, _output);
}
