namespace LocalLlm.Kernels;

/// <summary>Work over a range of independent indices, spread over threads by <see cref="WorkerPool.For"/>.</summary>
public interface IParallelJob
{
    /// <summary>
    /// Does the indices <paramref name="begin"/> to <paramref name="end"/> (exclusive). Called from several threads at once on the same
    /// instance, each time with another range; every index comes exactly once, in no particular order.
    /// </summary>
    /// <param name="begin">First index.</param>
    /// <param name="end">One past the last index; greater than <paramref name="begin"/>.</param>
    /// <param name="worker">Which thread this is, from 0 (the caller) to <see cref="WorkerPool.Threads"/> - 1: the key to per-worker scratch memory.</param>
    void Run(int begin, int end, int worker);
}
