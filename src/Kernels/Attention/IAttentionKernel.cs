namespace LocalLlm.Kernels;

/// <summary>
/// The products of attention over float32 keys and values in a core's first-level cache, for a few query rows at once: as many as a level
/// has registers for. All of it by docs/arithmetic.md.
/// </summary>
internal unsafe interface IAttentionKernel
{
    /// <summary>How many rows to take next when <paramref name="left"/> are left: at most <paramref name="left"/>.</summary>
    static abstract int RowsAtOnce(int left);

    /// <summary>
    /// scores[row][j] = dot(queries[row], keys[j]) * scale for at least <paramref name="positions"/> keys: groups of four are not cut, and what
    /// stands behind the last position has no meaning.
    /// </summary>
    /// <param name="rows">A number that <see cref="RowsAtOnce"/> gave.</param>
    /// <param name="queries">[rows, length].</param>
    /// <param name="keys">[32, length].</param>
    /// <param name="length">A multiple of 16.</param>
    /// <param name="scale">Multiplies each dot product.</param>
    /// <param name="positions">1..32.</param>
    /// <param name="scores">[rows, 128], the first <paramref name="positions"/> of each.</param>
    static abstract void Score(int rows, float* queries, float* keys, int length, float scale, int positions, float* scores);

    /// <summary>sums[row][i] += weights[row][j] * values[j][i], fused, j ascending.</summary>
    /// <param name="rows">A number that <see cref="RowsAtOnce"/> gave.</param>
    /// <param name="weights">[rows, 128], the first <paramref name="positions"/> of each.</param>
    /// <param name="positions">0..32.</param>
    /// <param name="values">[positions, length].</param>
    /// <param name="length">A multiple of 16.</param>
    /// <param name="sums">[rows, length].</param>
    static abstract void Weigh(int rows, float* weights, int positions, float* values, int length, float* sums);
}
