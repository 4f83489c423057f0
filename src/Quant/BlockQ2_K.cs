using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>Q2_K: a super-block of 256 weights of 2 bits, a 4-bit scale and a 4-bit minimum for every 16 (ggml), 2.625 bits a weight.</summary>
/// <remarks>
/// <code>
/// bytes  0..15  Scales  byte g, of weights 16g .. 16g+15: low nibble scale, high nibble minimum
/// bytes 16..79  Qs      byte 32h + l, bits 2k and 2k+1: weight 128h + 32k + l   (h in 0..1, k in 0..3, l in 0..31)
/// bytes 80..81  D       half
/// bytes 82..83  DMin    half
/// </code>
/// <c>w = (D * scale) * q - (DMin * minimum)</c> with q in 0..3, scale and minimum in 0..15. Both products are exact
/// (11 + 4 + 2 bits), the difference rounds.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct BlockQ2_K : IBlock<BlockQ2_K>
{
    /// <summary>Scale (low nibble) and minimum (high nibble) of each 16 weights.</summary>
    public fixed byte Scales[16];

    /// <summary>Quants, four a byte.</summary>
    public fixed byte Qs[64];

    /// <summary>Scale of the scales.</summary>
    public Half D;

    /// <summary>Scale of the minimums.</summary>
    public Half DMin;

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q2_K;

    /// <inheritdoc/>
    public static void Decode(in BlockQ2_K block, Span<float> destination)
    {
        float d = (float)block.D, dmin = (float)block.DMin;
        for (int i = 0; i < 256; i++)
        {
            int half = i / 128, k = i % 128 / 32, l = i % 32;
            byte scale = block.Scales[i / 16];
            int q = (block.Qs[32 * half + l] >> (2 * k)) & 3;
            destination[i] = d * (scale & 15) * q - dmin * (scale >> 4);
        }
    }
}
