using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>Q5_1: 32 weights of 5 bits above a minimum (ggml), 6 bits a weight.</summary>
/// <remarks>
/// <code>
/// bytes  0..1   D    half
/// bytes  2..3   M    half
/// bytes  4..7   Qh   bit i: fifth bit of weight i
/// bytes  8..23  Qs   low nibble of byte j: low bits of weight j; high nibble: of weight j + 16
/// </code>
/// <c>w = D * q + M</c> with q in 0..31. The product is exact (11 + 5 bits), the sum rounds.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct BlockQ5_1 : IBlock<BlockQ5_1>
{
    /// <summary>Scale.</summary>
    public Half D;

    /// <summary>Minimum: the weight of quant 0.</summary>
    public Half M;

    /// <summary>Fifth bits, weight 0 in the lowest.</summary>
    public uint Qh;

    /// <summary>Low four bits, two weights a byte.</summary>
    public fixed byte Qs[16];

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q5_1;

    /// <inheritdoc/>
    public static void Decode(in BlockQ5_1 block, Span<float> destination)
    {
        float d = (float)block.D, m = (float)block.M;
        for (int j = 0; j < 16; j++)
        {
            uint fifthLow = (block.Qh >> j) & 1, fifthHigh = (block.Qh >> (j + 16)) & 1;
            destination[j] = d * (int)((block.Qs[j] & 15u) | (fifthLow << 4)) + m;
            destination[j + 16] = d * (int)((uint)(block.Qs[j] >> 4) | (fifthHigh << 4)) + m;
        }
    }
}
