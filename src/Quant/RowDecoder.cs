using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>Decodes rows of any supported format to float32, one block after the other: the law that faster decoders are held to.</summary>
public static class RowDecoder
{
    private delegate void BlockLoop(ReadOnlySpan<byte> row, Span<float> destination);

    /// <summary>True if rows of this format can be decoded.</summary>
    public static bool Supports(GgmlType type) => Find(type) is not null;

    /// <summary>Decodes one row (or several adjacent ones).</summary>
    /// <param name="type">Format of the row.</param>
    /// <param name="row">Blocks of the row: exactly <see cref="GgmlTypes.RowBytes"/> of <paramref name="destination"/>'s length.</param>
    /// <param name="destination">Float32 [columns], a multiple of the format's block length.</param>
    /// <exception cref="NotSupportedException">The format has no decoder.</exception>
    /// <exception cref="ArgumentException">The destination is no whole number of blocks, or the row holds more or fewer weights.</exception>
    public static void Decode(GgmlType type, ReadOnlySpan<byte> row, Span<float> destination)
    {
        BlockLoop loop = Find(type)
            ?? throw new NotSupportedException($"Weights of type {GgmlTypes.Name(type)} cannot be decoded: the formats known are {Supported()}.");
        long expected = GgmlTypes.RowBytes(type, destination.Length);
        if (row.Length != expected)
        {
            throw new ArgumentException(
                $"A {GgmlTypes.Name(type)} row of {destination.Length} weights takes {expected} bytes, but {row.Length} were given.",
                nameof(row));
        }
        loop(row, destination);
    }

    private static BlockLoop? Find(GgmlType type) => type switch
    {
        GgmlType.F32 => DecodeBlocks<BlockF32>,
        GgmlType.F16 => DecodeBlocks<BlockF16>,
        GgmlType.BF16 => DecodeBlocks<BlockBF16>,
        GgmlType.Q4_0 => DecodeBlocks<BlockQ4_0>,
        GgmlType.Q4_1 => DecodeBlocks<BlockQ4_1>,
        GgmlType.Q5_0 => DecodeBlocks<BlockQ5_0>,
        GgmlType.Q5_1 => DecodeBlocks<BlockQ5_1>,
        GgmlType.Q8_0 => DecodeBlocks<BlockQ8_0>,
        GgmlType.Q2_K => DecodeBlocks<BlockQ2_K>,
        GgmlType.Q3_K => DecodeBlocks<BlockQ3_K>,
        GgmlType.Q4_K => DecodeBlocks<BlockQ4_K>,
        GgmlType.Q5_K => DecodeBlocks<BlockQ5_K>,
        GgmlType.Q6_K => DecodeBlocks<BlockQ6_K>,
        GgmlType.IQ4_NL => DecodeBlocks<BlockIQ4_NL>,
        GgmlType.IQ4_XS => DecodeBlocks<BlockIQ4_XS>,
        _ => null,
    };

    private static void DecodeBlocks<TBlock>(ReadOnlySpan<byte> row, Span<float> destination)
        where TBlock : unmanaged, IBlock<TBlock>
    {
        ReadOnlySpan<TBlock> blocks = MemoryMarshal.Cast<byte, TBlock>(row);
        int length = TBlock.Length;
        for (int b = 0; b < blocks.Length; b++)
        {
            TBlock.Decode(in blocks[b], destination.Slice(b * length, length));
        }
    }

    private static string Supported() => string.Join(", ", GgmlTypes.All.Where(Supports).Select(GgmlTypes.Name));
}
