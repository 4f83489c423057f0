using System.Buffers.Binary;

namespace LocalLlm.Quant;

/// <summary>The eight scales and eight minimums, 6 bits each, that Q4_K and Q5_K pack into 12 bytes (ggml).</summary>
/// <remarks>
/// <code>
///                bits 7..6                     bits 5..0
/// byte 0 + j     high bits of scale 4 + j      scale j            (j in 0..3)
/// byte 4 + j     high bits of minimum 4 + j    minimum j
///
///                bits 7..4                     bits 3..0
/// byte 8 + j     low bits of minimum 4 + j     low bits of scale 4 + j
/// </code>
/// Number k of either kind, in 0..63, belongs to weights 32k .. 32k+31 of the super-block.
/// </remarks>
/// <param name="Scales">Byte k (from the lowest): scale k.</param>
/// <param name="Minimums">Byte k (from the lowest): minimum k.</param>
public readonly record struct SixBitScales(ulong Scales, ulong Minimums)
{
    /// <summary>Unpacks the field; four bytes at a time in one 32-bit word.</summary>
    /// <param name="packed">The 12 bytes.</param>
    public static SixBitScales Unpack(ReadOnlySpan<byte> packed)
    {
        uint first = BinaryPrimitives.ReadUInt32LittleEndian(packed);
        uint second = BinaryPrimitives.ReadUInt32LittleEndian(packed[4..]);
        uint third = BinaryPrimitives.ReadUInt32LittleEndian(packed[8..]);
        const uint SixBits = 0x3F3F3F3F, LowNibbles = 0x0F0F0F0F, HighBits = 0x30303030;
        uint upperScales = (third & LowNibbles) | ((first >> 2) & HighBits);
        uint upperMinimums = ((third >> 4) & LowNibbles) | ((second >> 2) & HighBits);
        return new((first & SixBits) | ((ulong)upperScales << 32), (second & SixBits) | ((ulong)upperMinimums << 32));
    }

    /// <summary>Scale of weights 32k .. 32k+31, in 0..63.</summary>
    /// <param name="k">In 0..7.</param>
    public int Scale(int k) => (byte)(Scales >> (8 * k));

    /// <summary>Minimum of weights 32k .. 32k+31, in 0..63.</summary>
    /// <param name="k">In 0..7.</param>
    public int Minimum(int k) => (byte)(Minimums >> (8 * k));

    /// <summary>Packs the field: what <see cref="Unpack"/> reads.</summary>
    /// <param name="packed">Where the 12 bytes go.</param>
    public void Pack(Span<byte> packed)
    {
        uint upperScales = (uint)(Scales >> 32), upperMinimums = (uint)(Minimums >> 32);
        const uint LowNibbles = 0x0F0F0F0F, HighBits = 0x30303030;
        BinaryPrimitives.WriteUInt32LittleEndian(packed, (uint)Scales | ((upperScales & HighBits) << 2));
        BinaryPrimitives.WriteUInt32LittleEndian(packed[4..], (uint)Minimums | ((upperMinimums & HighBits) << 2));
        BinaryPrimitives.WriteUInt32LittleEndian(packed[8..], (upperScales & LowNibbles) | ((upperMinimums & LowNibbles) << 4));
    }
}
