using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>Q3_K: a super-block of 256 weights of 3 bits around zero, a signed 6-bit scale for every 16 (ggml), 3.4375 bits a weight.</summary>
/// <remarks>
/// <code>
/// bytes   0..31   Hmask   byte l, bit 4h + k: third bit of weight 128h + 32k + l   (h in 0..1, k in 0..3, l in 0..31)
/// bytes  32..95   Qs      byte 32h + l, bits 2k and 2k+1: low bits of weight 128h + 32k + l
/// bytes  96..107  Scales  16 numbers of 6 bits, see <see cref="Scale"/>
/// bytes 108..109  D       half
/// </code>
/// <c>w = (D * (scale - 32)) * (q - 4)</c> with scale in 0..63 and q in 0..7. The products are exact (11 + 5 + 2 bits).
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct BlockQ3_K : IBlock<BlockQ3_K>
{
    /// <summary>Third bits.</summary>
    public fixed byte Hmask[32];

    /// <summary>Low two bits, four weights a byte.</summary>
    public fixed byte Qs[64];

    /// <summary>Packed scales.</summary>
    public fixed byte Scales[12];

    /// <summary>Scale of the scales.</summary>
    public Half D;

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q3_K;

    /// <summary>
    /// Unpacks the scale of weights 16g .. 16g+15: its low four bits stand in byte g mod 8 (low nibble for g in 0..7, high nibble for
    /// 8..15), its high two in byte 8 + g mod 4 at bit 2 * (g / 4).
    /// </summary>
    /// <param name="block">The block.</param>
    /// <param name="group">g, in 0..15.</param>
    /// <returns>The signed scale, in -32..31.</returns>
    public static int Scale(in BlockQ3_K block, int group)
    {
        int low = (block.Scales[group % 8] >> (4 * (group / 8))) & 15;
        int high = (block.Scales[8 + group % 4] >> (2 * (group / 4))) & 3;
        return (low | (high << 4)) - 32;
    }

    /// <inheritdoc/>
    public static void Decode(in BlockQ3_K block, Span<float> destination)
    {
        float d = (float)block.D;
        for (int i = 0; i < 256; i++)
        {
            int half = i / 128, k = i % 128 / 32, l = i % 32;
            int low = (block.Qs[32 * half + l] >> (2 * k)) & 3;
            int third = (block.Hmask[l] >> (4 * half + k)) & 1;
            destination[i] = d * Scale(in block, i / 16) * ((low | (third << 2)) - 4);
        }
    }
}
