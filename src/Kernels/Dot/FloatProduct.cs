using System.Runtime.Intrinsics;

namespace LocalLlm.Kernels.Dot;

/// <summary>
/// A product of weights and float32 activations by the float law: <c>y[t, r] = dot(row r of W, token t) + bias[r]</c>. Rows of other formats
/// than F32 are decoded into scratch memory first, each once.
/// </summary>
internal unsafe struct FloatProduct
{
    private const int PanelBytes = 256 * 1024;

    /// <summary>The weights.</summary>
    public WeightMatrix W;

    /// <summary>Instructions for decoding rows.</summary>
    public SimdLevel Level;

    /// <summary>Activations [Tokens, W.Columns].</summary>
    public float* X;

    /// <summary>Number of tokens.</summary>
    public int Tokens;

    /// <summary>Float32 [W.Rows], or null.</summary>
    public float* Bias;

    /// <summary>The result, float32 [Tokens, W.Rows].</summary>
    public float* Y;

    /// <summary>Rows decoded at a time: for one token four, which stay in the first-level cache; for more what fits in the second.</summary>
    public readonly int PanelRows => Tokens == 1 ? 4 : Math.Clamp(PanelBytes / sizeof(float) / W.Columns / 4 * 4, 4, 32);

    /// <summary>Bytes of scratch memory for each thread.</summary>
    public readonly long ScratchBytes => W.Type == Gguf.GgmlType.F32 ? 0 : (long)PanelRows * W.Columns * sizeof(float);

    /// <summary>Computes the rows <paramref name="begin"/> to <paramref name="end"/> (exclusive).</summary>
    /// <param name="product">The product.</param>
    /// <param name="begin">First row.</param>
    /// <param name="end">One past the last row.</param>
    /// <param name="scratch">Memory of this thread [<see cref="ScratchBytes"/>].</param>
    public static void Run<TTile>(in FloatProduct product, int begin, int end, byte* scratch)
        where TTile : struct, IFloatTile
    {
        for (int row = begin; row < end; row += product.PanelRows)
        {
            int rows = Math.Min(product.PanelRows, end - row);
            float* panel = product.Decode(row, rows, (float*)scratch);
            for (int token = 0, tokens; token < product.Tokens; token += tokens)
            {
                tokens = TokensOfTile(product.Tokens - token);
                product.Multiply<TTile>(panel, row, rows, token, tokens);
                if (product.Tokens > 1)
                {
                    product.AskAhead(row + rows, token, token + tokens);
                }
            }
        }
    }

    /// <summary>
    /// Asks for the weights of the next panel while the tokens from <paramref name="first"/> to <paramref name="end"/> (exclusive) are multiplied by this one: the part that is
    /// theirs. A panel of a few tokens takes no longer to multiply than to wait for.
    /// </summary>
    private readonly void AskAhead(int row, int first, int end)
    {
        long bytes = Math.Min(PanelRows, W.Rows - row) * W.RowBytes;
        Ahead.Prefetch(W.Row(row) + (bytes * first / Tokens), W.Row(row) + (bytes * end / Tokens));
    }

    /// <summary>Tokens of the next tile of so many that are left: six, or up to four where that leaves less over.</summary>
    private static int TokensOfTile(int left) => left is <= 4 or 7 or 8 ? Math.Min(left, 4) : Math.Min(left, SixVectors.Count);

    private readonly float* Decode(int row, int rows, float* scratch)
    {
        if (W.Type == Gguf.GgmlType.F32)
        {
            return (float*)W.Row(row);
        }
        for (int i = 0; i < rows; i++)
        {
            RowDequantizer.Dequantize(Level, W.Type, W.Row(row + i), W.Columns, scratch + (long)i * W.Columns);
        }
        return scratch;
    }

    private readonly void Multiply<TTile>(float* panel, int row, int rows, int token, int tokens)
        where TTile : struct, IFloatTile
    {
        float* dots = stackalloc float[4 * SixVectors.Count];
        FourVectors four = FourVectors.Of(X, W.Columns, token, Tokens - 1);
        SixVectors six = SixVectors.Of(X, W.Columns, token, Tokens - 1);
        for (int i = 0; i < rows; i += 4)
        {
            FourVectors w = FourVectors.Of(panel, W.Columns, i, rows - 1);
            if (tokens == 1)
            {
                TTile.Rows(w, four.V0, W.Columns, dots);
            }
            else if (tokens <= 4)
            {
                TTile.Tile(w, four, W.Columns, dots);
            }
            else
            {
                TTile.WideTile(w, six, W.Columns, dots);
            }
            Store(dots, row + i, Math.Min(4, rows - i), token, tokens);
        }
    }

    private readonly void Store(float* dots, int row, int rows, int token, int tokens)
    {
        float* y = Y + ((long)token * W.Rows) + row;
        if (rows == 4)
        {
            Vector128<float> bias = Bias is null ? default : Vector128.Load(Bias + row);
            for (int t = 0; t < tokens; t++, dots += 4, y += W.Rows)
            {
                Vector128<float> sums = Vector128.Load(dots);
                (Bias is null ? sums : sums + bias).Store(y);
            }
            return;
        }
        for (int t = 0; t < tokens; t++, dots += 4, y += W.Rows)
        {
            for (int r = 0; r < rows; r++)
            {
                y[r] = Bias is null ? dots[r] : dots[r] + Bias[row + r];
            }
        }
    }
}
