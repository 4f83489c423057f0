using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>IQ4_XS: a super-block of 256 weights of 4 bits that index a codebook, a signed 6-bit scale for every 32 (ggml), 4.25 bits a weight.</summary>
/// <remarks>
/// <code>
/// bytes  0..1    D        half
/// bytes  2..3    ScalesH  bits 2k and 2k+1: high bits of scale k   (k in 0..7)
/// bytes  4..7    ScalesL  byte k/2: low bits, low nibble of an even scale k, high nibble of an odd one
/// bytes  8..135  Qs       byte 16k + j: low nibble weight 32k + j, high nibble weight 32k + 16 + j   (j in 0..15)
/// </code>
/// <c>w = (D * (scale - 32)) * codebook[q]</c> with scale in 0..63 and q in 0..15, see <see cref="IQ4Codebook"/>. The products are
/// exact (11 + 5 + 7 bits).
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct BlockIQ4_XS : IBlock<BlockIQ4_XS>
{
    /// <summary>Scale of the scales.</summary>
    public Half D;

    /// <summary>High two bits of the eight scales.</summary>
    public ushort ScalesH;

    /// <summary>Low four bits of the eight scales.</summary>
    public fixed byte ScalesL[4];

    /// <summary>Indices into the codebook, two a byte.</summary>
    public fixed byte Qs[128];

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.IQ4_XS;

    /// <summary>Unpacks the scale of weights 32k .. 32k+31.</summary>
    /// <param name="block">The block.</param>
    /// <param name="k">In 0..7.</param>
    /// <returns>The signed scale, in -32..31.</returns>
    public static int Scale(in BlockIQ4_XS block, int k)
    {
        int low = (block.ScalesL[k / 2] >> (4 * (k % 2))) & 15;
        int high = (block.ScalesH >> (2 * k)) & 3;
        return (low | (high << 4)) - 32;
    }

    /// <inheritdoc/>
    public static void Decode(in BlockIQ4_XS block, Span<float> destination)
    {
        float d = (float)block.D;
        for (int i = 0; i < 256; i++)
        {
            int k = i / 32, nibble = i % 32 / 16, j = i % 16;
            int q = (block.Qs[16 * k + j] >> (4 * nibble)) & 15;
            destination[i] = d * Scale(in block, k) * IQ4Codebook.Values[q];
        }
    }
}
