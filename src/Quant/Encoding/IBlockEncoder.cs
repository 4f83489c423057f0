namespace LocalLlm.Quant.Encoding;

/// <summary>Writes the blocks of one format.</summary>
/// <typeparam name="TBlock">The block.</typeparam>
internal interface IBlockEncoder<TBlock>
    where TBlock : unmanaged, IBlock<TBlock>
{
    /// <summary>Encodes a block, all of its bytes.</summary>
    /// <param name="weights">Float32 [block length], finite and at most <see cref="RowEncoder.LargestMagnitude"/>.</param>
    /// <param name="block">The block.</param>
    static abstract void Encode(ReadOnlySpan<float> weights, out TBlock block);
}
