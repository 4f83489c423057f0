namespace LocalLlm.Kernels.Dot;

/// <summary>The two steps of a panel that depend on the instructions.</summary>
internal unsafe interface IPanelKernel
{
    /// <summary>Completes rows by what outliers add, see <see cref="OutlierProduct"/>.</summary>
    /// <param name="product">The product.</param>
    /// <param name="begin">First row.</param>
    /// <param name="end">One past the last row.</param>
    static abstract void AddOutliers(in IntegerProduct product, int begin, int end);

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
    /// <param name="tile">The four tokens.</param>
    /// <param name="token">The first of them, a multiple of four.</param>
    static abstract void Multiply(in IntegerProduct product, in Panel panel, int panelRow, int row, in TokenTile tile, int token);
}
