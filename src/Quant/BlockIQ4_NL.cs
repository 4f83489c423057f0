using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>IQ4_NL: 32 weights of 4 bits that index a codebook, with one scale (ggml), 4.5 bits a weight.</summary>
/// <remarks>
/// <code>
/// bytes  0..1   D    half
/// bytes  2..17  Qs   low nibble of byte j: weight j; high nibble: weight j + 16
/// </code>
/// <c>w = D * codebook[q]</c> with q in 0..15, see <see cref="IQ4Codebook"/>. The product is exact (11 + 7 bits).
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct BlockIQ4_NL : IBlock<BlockIQ4_NL>
{
    /// <summary>Scale.</summary>
    public Half D;

    /// <summary>Indices into the codebook, two a byte.</summary>
    public fixed byte Qs[16];

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.IQ4_NL;

    /// <inheritdoc/>
    public static void Decode(in BlockIQ4_NL block, Span<float> destination)
    {
        float d = (float)block.D;
        for (int j = 0; j < 16; j++)
        {
            destination[j] = d * IQ4Codebook.Values[block.Qs[j] & 15];
            destination[j + 16] = d * IQ4Codebook.Values[block.Qs[j] >> 4];
        }
    }
}
