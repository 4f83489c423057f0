using System.Runtime.InteropServices;
using LocalLlm.Gguf;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Adapters;

/// <summary>The two factors of what an adapter adds to a matrix, in float32: y += B (A x). All scales are multiplied into B.</summary>
internal sealed unsafe class LoraMatrix : IDisposable
{
    private void* _memory;

    /// <summary>Copies the factors.</summary>
    /// <param name="factors">As a file gives them; shapes have been checked.</param>
    /// <param name="scale">The user's scale.</param>
    public LoraMatrix(LoraFactors factors, float scale)
    {
        int columns = factors.A.Length / factors.Rank, rows = factors.B.Length / factors.Rank;
        Bytes = ((long)factors.A.Length + factors.B.Length) * sizeof(float);
        _memory = NativeMemory.AlignedAlloc((nuint)Bytes, 64);
        Span<float> a = new(_memory, factors.A.Length), b = new((float*)_memory + factors.A.Length, factors.B.Length);
        factors.A.CopyTo(a);
        for (int i = 0; i < b.Length; i++)
        {
            b[i] = (float)(factors.B[i] * factors.Scale * scale);
        }
        A = new WeightMatrix(GgmlType.F32, factors.Rank, columns, (byte*)_memory);
        B = new WeightMatrix(GgmlType.F32, rows, factors.Rank, (byte*)((float*)_memory + factors.A.Length));
    }

    /// <summary>[rank, columns of the adapted matrix].</summary>
    public WeightMatrix A { get; }

    /// <summary>[rows of the adapted matrix, rank].</summary>
    public WeightMatrix B { get; }

    /// <summary>Bytes of both.</summary>
    public long Bytes { get; }

    /// <summary>Frees the factors.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
