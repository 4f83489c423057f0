using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using LocalLlm.Gguf;
using LocalLlm.Quant.Encoding;

namespace LocalLlm.Quant;

/// <summary>
/// Encodes rows of float32 weights. The law of an encoding is its decoded error: each block's scales are those that make the sum of squared errors
/// small, and each quant is the one whose decoded value lies nearest. Plain squares, because a dot product's error is the sum of
/// weight errors times activations, whose sizes are not known here. Q8_0, F16 and BF16 are ggml's bytes.
/// </summary>
/// <remarks>
/// The arithmetic is that of portable eight-lane vectors without fused operations, summed in a fixed order: the same row gives the same bytes on
/// every processor.
/// </remarks>
public static class RowEncoder
{
    // The largest float32 that does not round to an infinity.
    private const float LargestHalf = 65504;
    private static readonly float s_largestBFloat = BitConverter.UInt32BitsToSingle(0x7F7F0000);

    private delegate void BlockLoop(ReadOnlySpan<float> row, Span<byte> destination);

    /// <summary>The formats that rows can be encoded in, in the order of their numbers.</summary>
    public static IReadOnlyList<GgmlType> Types { get; } = [.. GgmlTypes.All.Where(Supports)];

    /// <summary>True if rows can be encoded in this format.</summary>
    public static bool Supports(GgmlType type) => Find(type) is not null;

    /// <summary>The largest magnitude of a weight: that of the format's floats, half precision where only scales are floats.</summary>
    public static float LargestMagnitude(GgmlType type) => type switch
    {
        GgmlType.F32 => float.MaxValue,
        GgmlType.BF16 => s_largestBFloat,
        _ => LargestHalf,
    };

    /// <summary>Encodes one row (or several adjacent ones).</summary>
    /// <param name="type">The format.</param>
    /// <param name="row">Float32 [columns], a multiple of the format's block length; finite.</param>
    /// <param name="destination">Exactly <see cref="GgmlTypes.RowBytes"/> of the row's length.</param>
    /// <exception cref="NotSupportedException">The format has no encoder.</exception>
    /// <exception cref="ArgumentException">The row is no whole number of blocks, or the destination has another size.</exception>
    /// <exception cref="WeightRangeException">A weight is not finite, or larger than the format holds. Nothing has been written.</exception>
    public static void Encode(GgmlType type, ReadOnlySpan<float> row, Span<byte> destination)
    {
        BlockLoop loop = Find(type)
            ?? throw new NotSupportedException($"Weights cannot be encoded as {GgmlTypes.Name(type)}: the formats known are {string.Join(", ", Types.Select(GgmlTypes.Name))}.");
        long expected = GgmlTypes.RowBytes(type, row.Length);
        if (destination.Length != expected)
        {
            throw new ArgumentException(
                $"A {GgmlTypes.Name(type)} row of {row.Length} weights takes {expected} bytes, but {destination.Length} were given.", nameof(destination));
        }
        Check(type, row);
        loop(row, destination);
    }

    private static BlockLoop? Find(GgmlType type) => type switch
    {
        GgmlType.F32 => (row, destination) => MemoryMarshal.AsBytes(row).CopyTo(destination),
        GgmlType.F16 => FloatEncoding.ToHalves,
        GgmlType.BF16 => FloatEncoding.ToBFloats,
        GgmlType.Q4_0 => EncodeBlocks<BlockQ4_0, ToQ4_0>,
        GgmlType.Q4_1 => EncodeBlocks<BlockQ4_1, ToQ4_1>,
        GgmlType.Q5_0 => EncodeBlocks<BlockQ5_0, ToQ5_0>,
        GgmlType.Q5_1 => EncodeBlocks<BlockQ5_1, ToQ5_1>,
        GgmlType.Q8_0 => EncodeBlocks<BlockQ8_0, ToQ8_0>,
        GgmlType.Q4_K => EncodeBlocks<BlockQ4_K, ToQ4_K>,
        GgmlType.Q5_K => EncodeBlocks<BlockQ5_K, ToQ5_K>,
        GgmlType.Q6_K => EncodeBlocks<BlockQ6_K, ToQ6_K>,
        _ => null,
    };

    private static void EncodeBlocks<TBlock, TEncoder>(ReadOnlySpan<float> row, Span<byte> destination)
        where TBlock : unmanaged, IBlock<TBlock>
        where TEncoder : struct, IBlockEncoder<TBlock>
    {
        Span<TBlock> blocks = MemoryMarshal.Cast<byte, TBlock>(destination);
        int length = TBlock.Length;
        for (int b = 0; b < blocks.Length; b++)
        {
            TEncoder.Encode(row.Slice(b * length, length), out blocks[b]);
        }
    }

    private static void Check(GgmlType type, ReadOnlySpan<float> row)
    {
        float largest = LargestMagnitude(type);
        int i = 0;
        for (; i <= row.Length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            // False for a NaN too.
            if (!Vector256.LessThanOrEqualAll(Vector256.Abs(Vector256.Create(row.Slice(i))), Vector256.Create(largest)))
            {
                break;
            }
        }
        for (; i < row.Length; i++)
        {
            if (!(Math.Abs(row[i]) <= largest))
            {
                throw new WeightRangeException(i, row[i], type);
            }
        }
    }
}
