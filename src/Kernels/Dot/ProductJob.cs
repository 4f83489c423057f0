using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels.Dot;

/// <summary>Up to three products as one loop: their chunks one after the other.</summary>
internal unsafe struct ProductJob(WorkerScratch scratch) : IParallelJob
{
    private Parts _parts;
    private int _count;

    /// <summary>Chunks of all parts.</summary>
    public int Chunks { get; private set; }

    /// <summary>Bytes of scratch memory that a thread needs.</summary>
    public long ScratchBytes { get; private set; }

    /// <summary>Appends a part.</summary>
    public void Add(in ProductPart part)
    {
        _parts[_count++] = part;
        Chunks += part.Chunks;
        ScratchBytes = Math.Max(ScratchBytes, part.ScratchBytes);
    }

    /// <inheritdoc/>
    public readonly void Run(int begin, int end, int worker)
    {
        byte* memory = scratch.Of(worker);
        for (int chunk = begin; chunk < end; chunk++)
        {
            int part = 0, first = 0;
            while (chunk >= first + _parts[part].Chunks)
            {
                first += _parts[part++].Chunks;
            }
            _parts[part].Run(chunk - first, memory);
        }
    }

    [InlineArray(3)]
    private struct Parts
    {
        private ProductPart _first;
    }
}
