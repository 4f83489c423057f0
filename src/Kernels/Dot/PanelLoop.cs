namespace LocalLlm.Kernels.Dot;

/// <summary>The two steps of a panel that depend on the instructions.</summary>
internal unsafe interface IPanelKernel
{
    /// <summary>Unpacks groups of four rows.</summary>
    /// <param name="panel">Where to.</param>
    /// <param name="panelRow">First of the four rows in the panel, a multiple of four.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="beginGroup">First group.</param>
    /// <param name="endGroup">One past the last group.</param>
    static abstract void Pack(in Panel panel, int panelRow, FourRows rows, int beginGroup, int endGroup);

    /// <summary>Computes one row of a panel for four tokens and stores the results.</summary>
    /// <param name="product">The product.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="panelRow">The row in the panel.</param>
    /// <param name="row">The row in the matrix.</param>
    /// <param name="token">First of the four tokens, a multiple of four.</param>
    static abstract void Multiply(in IntegerProduct product, in Panel panel, int panelRow, int row, int token);
}

/// <summary>
/// Many tokens: a panel of rows is unpacked once and multiplied by all of them, a block of tokens at a time that stays in the first-level cache.
/// </summary>
internal readonly unsafe struct PanelLoop<TFormat, TKernel> : IProductLoop
    where TFormat : struct, IDotFormat
    where TKernel : struct, IPanelKernel
{
    /// <inheritdoc/>
    public static long ScratchBytes(int groups) => Panel.Bytes(groups);

    /// <inheritdoc/>
    public static void Run(in IntegerProduct product, int begin, int end, byte* scratch)
    {
        Panel panel = new(scratch, product.Groups);
        int blockTokens = TokenTile.BlockTokens(product.Groups);
        for (int row = begin; row < end; row += Panel.Rows)
        {
            int rows = Math.Min(Panel.Rows, end - row);
            Pack(product, panel, row, rows);
            for (int token = 0; token < product.Tokens; token += blockTokens)
            {
                Multiply(product, panel, row, rows, token, Math.Min(token + blockTokens, product.Tokens));
            }
        }
    }

    private static void Pack(in IntegerProduct product, in Panel panel, int row, int rows)
    {
        byte* tails = stackalloc byte[RowTail.Bytes];
        int wholeGroups = product.Blocks / 4;
        for (int i = 0; i < rows; i += 4)
        {
            FourRows four = RowTail.Rows(product.W, row + i, row + rows - 1);
            TKernel.Pack(panel, i, four, 0, wholeGroups);
            TKernel.Pack(panel, i, RowTail.Copy<TFormat>(four, product.Blocks, tails), wholeGroups, product.Groups);
        }
    }

    private static void Multiply(in IntegerProduct product, in Panel panel, int row, int rows, int beginToken, int endToken)
    {
        for (int i = 0; i < rows; i++)
        {
            for (int token = beginToken; token < endToken; token += 4)
            {
                TKernel.Multiply(product, panel, i, row + i, token);
            }
        }
    }
}
