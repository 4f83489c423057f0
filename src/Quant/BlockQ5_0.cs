using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>Q5_0: 32 weights of 5 bits around zero with one scale (ggml), 5.5 bits a weight.</summary>
/// <remarks>
/// <code>
/// bytes  0..1   D    half
/// bytes  2..5   Qh   bit i: fifth bit of weight i
/// bytes  6..21  Qs   low nibble of byte j: low bits of weight j; high nibble: of weight j + 16
/// </code>
/// <c>w = D * (q - 16)</c> with q in 0..31, so q - 16 is in -16..15. The product is exact (11 + 5 bits).
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct BlockQ5_0 : IBlock<BlockQ5_0>
{
    /// <summary>Scale.</summary>
    public Half D;

    /// <summary>Fifth bits, weight 0 in the lowest.</summary>
    public uint Qh;

    /// <summary>Low four bits, two weights a byte.</summary>
    public fixed byte Qs[16];

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q5_0;

    /// <inheritdoc/>
    public static void Decode(in BlockQ5_0 block, Span<float> destination)
    {
        float d = (float)block.D;
        for (int j = 0; j < 16; j++)
        {
            uint fifthLow = (block.Qh >> j) & 1, fifthHigh = (block.Qh >> (j + 16)) & 1;
            destination[j] = d * ((int)((block.Qs[j] & 15u) | (fifthLow << 4)) - 16);
            destination[j + 16] = d * ((int)((uint)(block.Qs[j] >> 4) | (fifthHigh << 4)) - 16);
        }
    }
}
