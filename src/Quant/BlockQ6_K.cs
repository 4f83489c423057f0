using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>Q6_K: a super-block of 256 weights of 6 bits around zero, a signed 8-bit scale for every 16 (ggml), 6.5625 bits a weight.</summary>
/// <remarks>
/// <code>
/// bytes   0..127  Ql      byte 64h + 32p + l: low bits, low nibble of weight 128h + 32p + l,
///                         high nibble of weight 128h + 64 + 32p + l   (h, p in 0..1, l in 0..31)
/// bytes 128..191  Qh      byte 32h + l, bits 2k and 2k+1: high bits of weight 128h + 32k + l   (k in 0..3)
/// bytes 192..207  Scales  signed byte g, of weights 16g .. 16g+15
/// bytes 208..209  D       half
/// </code>
/// <c>w = (D * scale) * (q - 32)</c> with q in 0..63 and scale in -128..127. The products are exact (11 + 7 + 5 bits). Their order
/// decides the sign of a zero.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct BlockQ6_K : IBlock<BlockQ6_K>
{
    /// <summary>Low four bits, two weights a byte.</summary>
    public fixed byte Ql[128];

    /// <summary>High two bits, four weights a byte.</summary>
    public fixed byte Qh[64];

    /// <summary>Scale of each 16 weights.</summary>
    public fixed sbyte Scales[16];

    /// <summary>Scale of the scales.</summary>
    public Half D;

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q6_K;

    /// <inheritdoc/>
    public static void Decode(in BlockQ6_K block, Span<float> destination)
    {
        float d = (float)block.D;
        for (int i = 0; i < 256; i++)
        {
            int half = i / 128, k = i % 128 / 32, l = i % 32;
            int low = (block.Ql[64 * half + 32 * (k % 2) + l] >> (4 * (k / 2))) & 15;
            int high = (block.Qh[32 * half + l] >> (2 * k)) & 3;
            destination[i] = d * block.Scales[i / 16] * ((low | (high << 4)) - 32);
        }
    }
}
