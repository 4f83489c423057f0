using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels.Dot;

/// <summary>Columns picked out of the file's rows, weight by weight.</summary>
/// <param name="w">The matrix.</param>
internal readonly unsafe struct RowColumns<TFormat>(WeightMatrix w) : IWeightColumns
    where TFormat : struct, IDotFormat
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Decode(int column, int row, int rows, float* weights)
    {
        byte* data = w.Row(row);
        for (int r = 0; r < rows; r++)
        {
            weights[r] = TFormat.Weight(data + r * w.RowBytes, column);
        }
    }
}
