using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>Q8_0: 32 weights of 8 bits with one scale (ggml), 8.5 bits a weight.</summary>
/// <remarks>
/// <code>
/// bytes  0..1   D    half
/// bytes  2..33  Qs   signed byte j: weight j
/// </code>
/// <c>w = D * q</c> with q in -128..127 (quantizers write no -128, a file may hold it). The product is exact (11 + 7 bits).
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct BlockQ8_0 : IBlock<BlockQ8_0>
{
    /// <summary>Scale.</summary>
    public Half D;

    /// <summary>Quants.</summary>
    public fixed sbyte Qs[32];

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q8_0;

    /// <inheritdoc/>
    public static void Decode(in BlockQ8_0 block, Span<float> destination)
    {
        float d = (float)block.D;
        for (int j = 0; j < 32; j++)
        {
            destination[j] = d * block.Qs[j];
        }
    }
}
