using System.Runtime.CompilerServices;
using LocalLlm.Gguf;

namespace LocalLlm.Kernels.Dot;

/// <summary>Adds what outliers contribute to a product: for each of them, in order, <c>y[row, r] = fma(value, w[r, column], y[row, r])</c>; then the bias.</summary>
internal unsafe struct OutlierProduct<TLanes>
    where TLanes : unmanaged, IFloatLanes<TLanes>
{
    // Rows of weights whose column is decoded at a time: as many as a stack frame holds without a thought.
    private const int PieceRows = 128;

    /// <summary>The weights.</summary>
    public WeightMatrix W;

    /// <summary>The outliers, by column.</summary>
    public Outlier* Outliers;

    /// <summary>How many.</summary>
    public int Count;

    /// <summary>Added to every token's results at last [W.Rows], or null.</summary>
    public float* Bias;

    /// <summary>Results [Tokens, W.Rows].</summary>
    public float* Y;

    /// <summary>Tokens, those without outliers included.</summary>
    public int Tokens;

    /// <summary>Level that decodes the weights.</summary>
    public SimdLevel Level;

    /// <summary>Completes the results of rows <paramref name="begin"/> to <paramref name="end"/> - 1 of the weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public readonly void Run(int begin, int end)
    {
        float* weights = stackalloc float[PieceRows];
        for (int first = begin; first < end; first += PieceRows)
        {
            int rows = Math.Min(PieceRows, end - first);
            int decoded = -1;
            for (int i = 0; i < Count; i++)
            {
                Outlier outlier = Outliers[i];
                if (outlier.Column != decoded)
                {
                    decoded = outlier.Column;
                    DecodeColumn(decoded, first, rows, weights);
                }
                Add(outlier.Value, weights, Y + ((long)outlier.Row * W.Rows) + first, rows);
            }
            for (int token = 0; Bias != null && token < Tokens; token++)
            {
                AddBias(Bias + first, Y + ((long)token * W.Rows) + first, rows);
            }
        }
    }

    private readonly void DecodeColumn(int column, int first, int rows, float* weights)
    {
        int length = GgmlTypes.BlockLength(W.Type);
        float* block = stackalloc float[length];
        byte* data = W.Data + (first * W.RowBytes) + ((long)(column / length) * GgmlTypes.BlockBytes(W.Type));
        for (int r = 0; r < rows; r++)
        {
            RowDequantizer.Dequantize(Level, W.Type, data + (r * W.RowBytes), length, block);
            weights[r] = block[column % length];
        }
    }

    private static void Add(float value, float* weights, float* y, int rows)
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

    private static void AddBias(float* bias, float* y, int rows)
    {
        for (int r = 0; r < rows; r++)
        {
            y[r] += bias[r];
        }
    }
}
