using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>Q5_K: a super-block of 256 weights of 5 bits, a 6-bit scale and a 6-bit minimum for every 32 (ggml), 5.5 bits a weight.</summary>
/// <remarks>
/// <code>
/// bytes  0..1    D       half
/// bytes  2..3    DMin    half
/// bytes  4..15   Scales  see <see cref="SixBitScales"/>
/// bytes 16..47   Qh      byte l, bit k: fifth bit of weight 32k + l   (k in 0..7, l in 0..31)
/// bytes 48..175  Qs      byte 32c + l: low bits, low nibble of weight 64c + l, high nibble of weight 64c + 32 + l   (c in 0..3)
/// </code>
/// <c>w = (D * scale) * q - (DMin * minimum)</c> with q in 0..31, scale and minimum in 0..63. All products are exact
/// (11 + 6 + 5 bits), the difference rounds.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public unsafe struct BlockQ5_K : IBlock<BlockQ5_K>
{
    /// <summary>Scale of the scales.</summary>
    public Half D;

    /// <summary>Scale of the minimums.</summary>
    public Half DMin;

    /// <summary>Packed scales and minimums.</summary>
    public fixed byte Scales[12];

    /// <summary>Fifth bits, eight weights a byte.</summary>
    public fixed byte Qh[32];

    /// <summary>Low four bits, two weights a byte.</summary>
    public fixed byte Qs[128];

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.Q5_K;

    /// <inheritdoc/>
    public static void Decode(in BlockQ5_K block, Span<float> destination)
    {
        float d = (float)block.D, dmin = (float)block.DMin;
        SixBitScales scales = SixBitScales.Unpack(MemoryMarshal.CreateReadOnlySpan(in block.Scales[0], 12));
        for (int i = 0; i < 256; i++)
        {
            int chunk = i / 64, nibble = i % 64 / 32, l = i % 32;
            int low = (block.Qs[32 * chunk + l] >> (4 * nibble)) & 15;
            int fifth = (block.Qh[l] >> (i / 32)) & 1;
            destination[i] = d * scales.Scale(i / 32) * (low | (fifth << 4)) - dmin * scales.Minimum(i / 32);
        }
    }
}
