namespace LocalLlm.Kernels;

/// <summary>
/// The operations of a forward pass on the processor, one file for each family. Spans are row major; a call returns when its result is
/// complete; the work is spread over the pool. Results obey <c>docs/arithmetic.md</c>: they depend neither on the level, nor on the number of
/// threads, nor on the other tokens of a call. One call at a time, as for the pool.
/// </summary>
/// <param name="level">The instructions to use.</param>
/// <param name="pool">The threads to use; not disposed with this.</param>
public sealed unsafe partial class CpuOps(SimdLevel level, WorkerPool pool)
{
    // What all operations but matrix products choose by.
    private readonly SimdLevel _intrinsics = SimdLevels.Intrinsics(level);

    /// <summary>The instructions in use.</summary>
    public SimdLevel Level { get; } = SimdLevels.IsSupported(level)
        ? level
        : throw new ArgumentException($"This processor can't run the SIMD level '{SimdLevels.Name(level)}'.", nameof(level));

    /// <summary>The threads in use.</summary>
    public WorkerPool Pool { get; } = pool;
}
