namespace LocalLlm.Kernels;

/// <summary>Where a token of a ragged batch lives in the KV cache: the blocks of its sequence, and its position.</summary>
/// <param name="blockTable">
/// The sequence's block numbers in the <see cref="KvPool"/>, one for every <see cref="KvPool.BlockPositions"/> positions, up to the token's own
/// at least. It stays the caller's and in place during a call; tokens of one sequence in a batch share one table, by address.
/// </param>
/// <param name="position">The token's position in its sequence, from 0.</param>
public readonly unsafe struct TokenPlace(int* blockTable, int position)
{
    /// <summary>The sequence's block numbers in the <see cref="KvPool"/>.</summary>
    public int* BlockTable { get; } = blockTable;

    /// <summary>The token's position in its sequence, from 0.</summary>
    public int Position { get; } = position;
}
