using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>Q4_1: 32 weights of 4 bits above a minimum (ggml), 5 bits a weight.</summary>
/// <remarks>
/// <code>
/// bytes  0..1   D    half
/// bytes  2..3   M    half
/// bytes  4..19  Qs   low nibble of byte j: weight j; high nibble: weight j + 16
/// </code>
/// <c>w = D * q + M</c> with q in 0..15. The product is exact (11 + 4 bits), the sum rounds.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct BlockQ4_1 : IBlock<BlockQ4_1>
{
    /// <summary>Scale.</summary>
    public Half D;

    /// <summary>Minimum: the weight of quant 0.</summary>
    public Half M;

    /// <summary>Quants, two a byte.</summary>
    public fixed byte Qs[16];

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q4_1;

    /// <inheritdoc/>
    public static void Decode(in BlockQ4_1 block, Span<float> destination)
    {
        float d = (float)block.D, m = (float)block.M;
        for (int j = 0; j < 16; j++)
        {
            destination[j] = d * (block.Qs[j] & 15) + m;
            destination[j + 16] = d * (block.Qs[j] >> 4) + m;
        }
    }
}
