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
            for (int token = 0; token < product.Tokens; token += 4)
            {
                product.Multiply<TTile>(panel, row, rows, token);
            }
        }
    }

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

    private readonly void Multiply<TTile>(float* panel, int row, int rows, int token)
        where TTile : struct, IFloatTile
    {
        float* dots = stackalloc float[16];
        FourVectors x = FourVectors.Of(X, W.Columns, token, Tokens - 1);
        int tokens = Math.Min(4, Tokens - token);
        for (int i = 0; i < rows; i += 4)
        {
            FourVectors w = FourVectors.Of(panel, W.Columns, i, rows - 1);
            if (tokens == 1)
            {
                TTile.Rows(w, x.V0, W.Columns, dots);
            }
            else
            {
                TTile.Tile(w, x, W.Columns, dots);
            }
            Store(dots, row + i, Math.Min(4, rows - i), token, tokens);
        }
    }

    private readonly void Store(float* dots, int row, int rows, int token, int tokens)
    {
        for (int t = 0; t < tokens; t++)
        {
            float* y = Y + (long)(token + t) * W.Rows + row;
            for (int r = 0; r < rows; r++)
            {
                y[r] = Bias is null ? dots[4 * t + r] : dots[4 * t + r] + Bias[row + r];
            }
        }
    }
}
