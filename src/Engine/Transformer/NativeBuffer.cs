using System.Runtime.InteropServices;

namespace LocalLlm.Engine.Transformer;

/// <summary>Float32 memory outside the managed heap, aligned to a cache line. Pages that are never written cost nothing.</summary>
/// <param name="length">Numbers.</param>
internal sealed unsafe class NativeBuffer(long length) : IDisposable
{
    private void* _memory = NativeMemory.AlignedAlloc((nuint)(length * sizeof(float)), 64);

    /// <summary>Bytes allocated.</summary>
    public long Bytes => length * sizeof(float);

    /// <summary>The first <paramref name="count"/> numbers.</summary>
    public Span<float> Span(int count)
    {
        ObjectDisposedException.ThrowIf(_memory is null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, length);
        return new Span<float>(_memory, count);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
