namespace LocalLlm.Kernels;

public sealed unsafe partial class CpuOps
{
    /// <summary>Looks up the rows of tokens in an embedding table, as float32.</summary>
    /// <param name="table">The table, one row for each token of the vocabulary.</param>
    /// <param name="tokens">Token numbers.</param>
    /// <param name="x">Embeddings [tokens, table.Columns].</param>
    /// <exception cref="ArgumentException">The result does not fit, or a token is not in the table.</exception>
    public void Embed(in WeightMatrix table, ReadOnlySpan<int> tokens, Span<float> x)
    {
        if (x.Length != (long)tokens.Length * table.Columns)
        {
            throw new ArgumentException($"{tokens.Length} embeddings of {table.Columns} values are not {x.Length} values.");
        }
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)table.Rows)
            {
                throw new ArgumentException($"Token {token} is not in the vocabulary of {table.Rows}.");
            }
        }
        fixed (int* pTokens = tokens)
        fixed (float* px = x)
        {
            EmbedJob job = new() { Table = table, Level = _intrinsics, Tokens = pTokens, X = px };
            Pool.For(ref job, tokens.Length, Math.Max(1, EmbedGrain / table.Columns));
        }
    }

    // Values to a chunk: some ten microseconds of work.
    private const int EmbedGrain = 32 * 1024;

    private struct EmbedJob : IParallelJob
    {
        public WeightMatrix Table;
        public SimdLevel Level;
        public int* Tokens;
        public float* X;

        public readonly void Run(int begin, int end, int worker)
        {
            for (int t = begin; t < end; t++)
            {
                RowDequantizer.Dequantize(Level, Table.Type, Table.Row(Tokens[t]), Table.Columns, X + (long)t * Table.Columns);
            }
        }
    }
}
