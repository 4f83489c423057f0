using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>Q4_K: a super-block of 256 weights of 4 bits, a 6-bit scale and a 6-bit minimum for every 32 (ggml), 4.5 bits a weight.</summary>
/// <remarks>
/// <code>
/// bytes  0..1    D       half
/// bytes  2..3    DMin    half
/// bytes  4..15   Scales  see <see cref="SixBitScales"/>
/// bytes 16..143  Qs      byte 32c + l: low nibble weight 64c + l, high nibble weight 64c + 32 + l   (c in 0..3, l in 0..31)
/// </code>
/// <c>w = (D * scale) * q - (DMin * minimum)</c> with q in 0..15, scale and minimum in 0..63. All products are exact
/// (11 + 6 + 4 bits), the difference rounds.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct BlockQ4_K : IBlock<BlockQ4_K>
{
    /// <summary>Scale of the scales.</summary>
    public Half D;

    /// <summary>Scale of the minimums.</summary>
    public Half DMin;

    /// <summary>Packed scales and minimums.</summary>
    public fixed byte Scales[12];

    /// <summary>Quants, two a byte.</summary>
    public fixed byte Qs[128];

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q4_K;

    /// <inheritdoc/>
    public static void Decode(in BlockQ4_K block, Span<float> destination)
    {
        float d = (float)block.D, dmin = (float)block.DMin;
        SixBitScales scales = SixBitScales.Unpack(MemoryMarshal.CreateReadOnlySpan(in block.Scales[0], 12));
        for (int i = 0; i < 256; i++)
        {
            int chunk = i / 64, nibble = i % 64 / 32, l = i % 32;
            int q = (block.Qs[32 * chunk + l] >> (4 * nibble)) & 15;
            destination[i] = d * scales.Scale(i / 32) * q - dmin * scales.Minimum(i / 32);
        }
    }
}
