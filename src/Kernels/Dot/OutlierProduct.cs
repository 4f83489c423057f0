using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels.Dot;

/// <summary>Adds what outliers contribute to a product: for each of them, in order, <c>y[row, r] = fma(value, w[r, column], y[row, r])</c>; then the bias.</summary>
internal static unsafe class OutlierProduct
{
    // Rows of weights whose column is decoded at a time: as many as a stack frame holds without a thought.
    private const int PieceRows = 128;

    /// <summary>Completes the results of rows <paramref name="begin"/> to <paramref name="end"/> - 1 of the weights, while these are still in the cache.</summary>
    /// <param name="product">The product; its sums of blocks are stored already.</param>
    /// <param name="columns">The weights.</param>
    /// <param name="begin">First row.</param>
    /// <param name="end">One past the last row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Add<TLanes, TColumns>(in IntegerProduct product, TColumns columns, int begin, int end)
        where TLanes : unmanaged, IFloatLanes<TLanes>
        where TColumns : struct, IWeightColumns
    {
        if (product.OutlierCount == 0)
        {
            return;
        }
        float* weights = stackalloc float[PieceRows];
        for (int first = begin; first < end; first += PieceRows)
        {
            int rows = Math.Min(PieceRows, end - first);
            int decoded = -1;
            for (int i = 0; i < product.OutlierCount; i++)
            {
                Outlier outlier = product.Outliers[i];
                if (outlier.Column != decoded)
                {
                    decoded = outlier.Column;
                    columns.Decode(decoded, first, rows, weights);
                }
                AddScaled<TLanes>(outlier.Value, weights, product.Y + ((long)outlier.Row * product.W.Rows) + first, rows);
            }
        }
        if (product.Bias is not null)
        {
            AddBias<TLanes>(product, begin, end);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddScaled<TLanes>(float value, float* weights, float* y, int rows)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        TLanes factor = TLanes.Create(value);
        int r = 0;
        for (; r + TLanes.Count <= rows; r += TLanes.Count)
        {
            TLanes.Fma(factor, TLanes.Load(weights + r), TLanes.Load(y + r)).Store(y + r);
        }
        for (; r < rows; r++)
        {
            y[r] = MathF.FusedMultiplyAdd(value, weights[r], y[r]);
        }
    }

    /// <summary>Adds the bias to the results of all tokens.</summary>
    /// <param name="product">The product.</param>
    /// <param name="begin">First row.</param>
    /// <param name="end">One past the last row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void AddBias<TLanes>(in IntegerProduct product, int begin, int end)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        float* bias = product.Bias, y = product.Y;
        for (int token = 0; token < product.Tokens; token++, y += product.W.Rows)
        {
            int r = begin;
            for (; r + TLanes.Count <= end; r += TLanes.Count)
            {
                (TLanes.Load(y + r) + TLanes.Load(bias + r)).Store(y + r);
            }
            for (; r < end; r++)
            {
                y[r] += bias[r];
            }
        }
    }
}
