namespace LocalLlm.Kernels.Dot;

/// <summary>
/// Many tokens: a panel of rows is unpacked once and multiplied by all of them, a block of tokens at a time that stays in the first-level cache.
/// </summary>
internal readonly unsafe struct PanelLoop<TFormat, TKernel> : IProductLoop
    where TFormat : struct, IDotFormat
    where TKernel : struct, IPanelKernel
{
    /// <inheritdoc/>
    public static int TileRows => Panel.Rows;

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
        TKernel.AddOutliers(product, begin, end);
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
        TokenTile* tiles = stackalloc TokenTile[(endToken - beginToken + 3) / 4];
        for (int token = beginToken; token < endToken; token += 4)
        {
            tiles[(token - beginToken) / 4] = new(product, token);
        }
        for (int i = 0; i < rows; i++)
        {
            for (int token = beginToken; token < endToken; token += 4)
            {
                TKernel.Multiply(product, panel, i, row + i, tiles[(token - beginToken) / 4], token);
            }
        }
    }
}
