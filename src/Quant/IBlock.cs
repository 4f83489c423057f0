using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>
/// A block of a tensor format: the smallest run of weights along a row that can be read alone. An implementation is an unmanaged
/// struct, laid out byte for byte as ggml stores it in a file (little endian, no padding), so that a mapped row is an array of blocks.
/// </summary>
/// <remarks>
/// The fields carry ggml's names. Common to all formats: <c>D</c> scale, <c>DMin</c> scale of the minimums, <c>M</c> minimum,
/// <c>Scales</c> (<c>ScalesL</c>, <c>ScalesH</c>: low and high bits) scales of parts of the block, <c>Qs</c> quants or their low bits,
/// <c>Qh</c> (<c>Hmask</c>) high bits of the quants.
/// </remarks>
/// <typeparam name="TSelf">The implementing struct.</typeparam>
public interface IBlock<TSelf>
    where TSelf : unmanaged, IBlock<TSelf>
{
    /// <summary>The format's number in the file; its entry in <see cref="GgmlTypes"/> holds the size, nothing else does.</summary>
    static abstract GgmlType Type { get; }

    /// <summary>Weights in one block.</summary>
    static virtual int Length => GgmlTypes.BlockLength(TSelf.Type);

    /// <summary>
    /// Writes the block's weights. This is the format's definition: each operation is one IEEE 754 binary32 operation, rounded to
    /// nearest even, in the order written, and every faster decoder returns these bits (a NaN may carry another payload).
    /// </summary>
    /// <param name="block">Any bytes: no pattern is invalid.</param>
    /// <param name="destination">Float32 [at least <see cref="Length"/>].</param>
    static abstract void Decode(in TSelf block, Span<float> destination);
}
