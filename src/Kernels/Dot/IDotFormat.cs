using System.Runtime.Intrinsics;
using LocalLlm.Gguf;
using LocalLlm.Kernels.Assembled;

namespace LocalLlm.Kernels.Dot;

/// <summary>
/// What a weight format contributes to an integer dot product: its quants as bytes and its factors as float32, for one block (the
/// specification) and for groups of four blocks in 256 and in 512 bits. Loops over rows know no format; formats know no loop.
/// </summary>
/// <remarks>
/// A group is laid out as in <see cref="QuantizedActivations"/>: "first" means the first 16 weights of each of the four blocks, in the
/// order of the blocks, "second" the other 16. Factors of four rows come interleaved, [4 blocks, 4 rows].
/// </remarks>
internal unsafe interface IDotFormat
{
    /// <summary>The format.</summary>
    static abstract GgmlType Type { get; }

    /// <summary>Bytes of a group of four blocks.</summary>
    static abstract int GroupBytes { get; }

    /// <summary>Whether quants are signed bytes; else they are unsigned.</summary>
    static abstract bool IsSigned { get; }

    /// <summary>What is to be subtracted from each unsigned quant, a power of two, or 0. Loops subtract it from the sums of products instead, times the sum of the activations.</summary>
    static virtual int Offset => 0;

    /// <summary>Largest absolute value of a quant, offset included.</summary>
    static abstract int LargestQuant { get; }

    /// <summary>Whether blocks have a minimum.</summary>
    static abstract bool HasMinimums { get; }

    /// <summary>Whether each half of a block has an integer scale of its own.</summary>
    static abstract bool HasHalfScales { get; }

    /// <summary>Unpacks one block of 32.</summary>
    /// <param name="row">Start of the row.</param>
    /// <param name="block">Which block of 32 of the row.</param>
    /// <param name="quants">The quants less their offset, int8 [32].</param>
    /// <returns>The block's factors.</returns>
    static abstract BlockFactors Unpack(byte* row, int block, sbyte* quants);

    /// <summary>One weight decoded, the same bits as decoding its block.</summary>
    /// <param name="row">Start of the row.</param>
    /// <param name="column">Which weight.</param>
    static abstract float Weight(byte* row, int column);

    /// <summary>A weight of each of eight rows, the same bits as <see cref="Weight"/>.</summary>
    /// <param name="blocks">The file's block (of 32 or 256) that it is in, of each row.</param>
    /// <param name="place">Which weight of the block.</param>
    static abstract Vector256<float> Weights(in BlockGather blocks, int place);

    /// <summary>Unpacks a group's quants in four vectors of two blocks each.</summary>
    /// <param name="row">Start of the row.</param>
    /// <param name="group">Which group of four blocks.</param>
    /// <param name="first01">First halves of blocks 0 and 1.</param>
    /// <param name="first23">First halves of blocks 2 and 3.</param>
    /// <param name="second01">Second halves of blocks 0 and 1.</param>
    /// <param name="second23">Second halves of blocks 2 and 3.</param>
    static abstract void Unpack(
        byte* row, int group, out Vector256<byte> first01, out Vector256<byte> first23, out Vector256<byte> second01, out Vector256<byte> second23);

    /// <summary>Unpacks a group's quants in two vectors.</summary>
    /// <param name="row">Start of the row.</param>
    /// <param name="group">Which group of four blocks.</param>
    /// <param name="first">First halves of the blocks.</param>
    /// <param name="second">Second halves of the blocks.</param>
    static abstract void Unpack(byte* row, int group, out Vector512<byte> first, out Vector512<byte> second);

    /// <summary>Factors of a group of four rows, in 256 bits.</summary>
    /// <param name="rows">Starts of the rows.</param>
    /// <param name="group">Which group of four blocks.</param>
    /// <param name="scales01">Weight scales of blocks 0 and 1.</param>
    /// <param name="scales23">Weight scales of blocks 2 and 3.</param>
    /// <param name="minimums01">Minimums m of blocks 0 and 1; unset in formats without.</param>
    /// <param name="minimums23">Minimums m of blocks 2 and 3; unset in formats without.</param>
    static abstract void Factors(
        FourRows rows, int group, out Vector256<float> scales01, out Vector256<float> scales23, out Vector256<float> minimums01, out Vector256<float> minimums23);

    /// <summary>Factors of a group of four rows, in 512 bits.</summary>
    /// <param name="rows">Starts of the rows.</param>
    /// <param name="group">Which group of four blocks.</param>
    /// <param name="scales">Weight scales.</param>
    /// <param name="minimums">Minimums m; unset in formats without.</param>
    static abstract void Factors(FourRows rows, int group, out Vector512<float> scales, out Vector512<float> minimums);

    /// <summary>The integer scales of a group's half blocks [4 blocks, 2]; zero in formats without.</summary>
    /// <param name="row">Start of the row.</param>
    /// <param name="group">Which group of four blocks.</param>
    static virtual Vector128<short> HalfScales(byte* row, int group) => Vector128<short>.Zero;

    /// <summary>Unpacks a group of sixteen rows into a panel: unsigned quants and factors, the same bits as the other methods'.</summary>
    /// <param name="rows">The rows, from their start.</param>
    /// <param name="group">Which group of four blocks.</param>
    /// <param name="to">The group's place in the panel.</param>
    static abstract void Pack(SixteenRows rows, int group, PanelGroup to);
}
