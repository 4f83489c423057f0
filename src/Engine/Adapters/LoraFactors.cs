namespace LocalLlm.Engine.Adapters;

/// <summary>What an adapter file has for one matrix: two narrow matrices whose product is added to it.</summary>
/// <param name="Target">The matrix in GGUF's names, <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Rank">Rows of <paramref name="A"/>, columns of <paramref name="B"/>.</param>
/// <param name="A">[rank, columns of the matrix], row major.</param>
/// <param name="B">[rows of the matrix, rank], row major, its rows in the order of the matrix's.</param>
/// <param name="Scale">What the file has the product multiplied with.</param>
internal sealed record LoraFactors(string Target, int Rank, float[] A, float[] B, double Scale)
{
    /// <summary>Most bytes of a factor in any format: 1 GiB is rank 2,048 of a matrix with 131,072 columns in float32, and no hostile file fills the memory.</summary>
    public const int MaxBytes = 1 << 30;
}
