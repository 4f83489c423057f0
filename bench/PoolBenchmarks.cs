using BenchmarkDotNet.Attributes;
using LocalLlm.Kernels;

namespace LocalLlm.Bench;

/// <summary>What handing out work costs: a loop of one empty chunk for each thread. A token of a small model goes through some hundred such loops.</summary>
public class PoolBenchmarks : IDisposable
{
    private WorkerPool _pool = null!;

    /// <summary>Threads.</summary>
    [ParamsSource(nameof(ThreadCounts))]
    public int Threads { get; set; }

    /// <summary>The numbers of threads.</summary>
    public static IEnumerable<int> ThreadCounts => Choices.ThreadCounts;

    /// <summary>Starts the threads.</summary>
    [GlobalSetup]
    public void Start() => _pool = new(Threads);

    /// <summary>Ends the threads.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _pool?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>One loop.</summary>
    [Benchmark]
    public void EmptyLoop()
    {
        EmptyJob job = default;
        _pool.For(ref job, Threads, 1);
    }

    private struct EmptyJob : IParallelJob
    {
        public readonly void Run(int begin, int end, int worker)
        {
        }
    }
}
