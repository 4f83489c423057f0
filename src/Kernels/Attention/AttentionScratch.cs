using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>
/// Working memory of attention calls: a piece for each worker and one for the results of tiles that different workers computed. It grows
/// to what the largest call so far needed and is then reused. Pinned arrays, not native memory: they need no disposal.
/// </summary>
internal sealed unsafe class AttentionScratch
{
    private const int LineFloats = 16; // a cache line: workers never share one

    private float[] _workers = [];
    private float[] _partials = [];
    private int _workerFloats;

    /// <summary>Results of tiles, [floats of the last <see cref="Reserve"/>], 64-byte aligned.</summary>
    public float* Partials => Aligned(_partials);

    /// <summary>Makes room; what the memory held before is lost.</summary>
    /// <param name="workers">Workers that may run.</param>
    /// <param name="workerFloats">Floats for each.</param>
    /// <param name="partialFloats">Floats for the results of tiles.</param>
    public void Reserve(int workers, int workerFloats, int partialFloats)
    {
        _workerFloats = (workerFloats + LineFloats - 1) / LineFloats * LineFloats;
        Grow(ref _workers, checked((workers * _workerFloats) + LineFloats));
        Grow(ref _partials, checked(partialFloats + LineFloats));
    }

    /// <summary>The memory of one worker, 64-byte aligned.</summary>
    public float* Worker(int worker) => Aligned(_workers) + ((long)worker * _workerFloats);

    private static void Grow(ref float[] memory, int floats)
    {
        if (memory.Length < floats)
        {
            memory = GC.AllocateUninitializedArray<float>(floats, pinned: true);
        }
    }

    private static float* Aligned(float[] pinned)
    {
        nuint address = (nuint)Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(pinned));
        return (float*)((address + 63) & ~(nuint)63);
    }
}
