using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>Q4_0: 32 weights of 4 bits around zero with one scale (ggml), 4.5 bits a weight.</summary>
/// <remarks>
/// <code>
/// bytes  0..1   D    half
/// bytes  2..17  Qs   low nibble of byte j: weight j; high nibble: weight j + 16
/// </code>
/// <c>w = D * (q - 8)</c> with q in 0..15, so q - 8 is in -8..7. The product is exact (11 + 4 bits).
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct BlockQ4_0 : IBlock<BlockQ4_0>
{
    /// <summary>Scale.</summary>
    public Half D;

    /// <summary>Quants, two a byte.</summary>
    public fixed byte Qs[16];

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q4_0;

    /// <inheritdoc/>
    public static void Decode(in BlockQ4_0 block, Span<float> destination)
    {
        float d = (float)block.D;
        for (int j = 0; j < 16; j++)
        {
            destination[j] = d * ((block.Qs[j] & 15) - 8);
            destination[j + 16] = d * ((block.Qs[j] >> 4) - 8);
        }
    }
}
