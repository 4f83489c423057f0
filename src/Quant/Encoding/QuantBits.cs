using System.Runtime.Intrinsics;

namespace LocalLlm.Quant.Encoding;

/// <summary>Quants, one a byte, to the bits that blocks keep of them.</summary>
internal static class QuantBits
{
    /// <summary>The low four bits of the first half of the quants to low nibbles, those of the second half to high nibbles.</summary>
    /// <param name="quants">Twice as many as there are bytes.</param>
    /// <param name="bytes">Where to, a multiple of 16.</param>
    public static void PackNibbles(ReadOnlySpan<byte> quants, Span<byte> bytes)
    {
        Vector128<byte> low = Vector128.Create((byte)15);
        for (int i = 0; i < bytes.Length; i += Vector128<byte>.Count)
        {
            Vector128<byte> first = Vector128.Create(quants[i..]), second = Vector128.Create(quants[(bytes.Length + i)..]);
            ((first & low) | (second << 4)).CopyTo(bytes[i..]);
        }
    }

    /// <summary>Bit i of the result: bit 4 of quant i.</summary>
    /// <param name="quants">32 quants.</param>
    public static uint Fifth(ReadOnlySpan<byte> quants)
    {
        uint bits = 0;
        for (int i = 0; i < 32; i++)
        {
            bits |= (uint)(quants[i] >> 4 & 1) << i;
        }
        return bits;
    }
}
