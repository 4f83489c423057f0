using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LocalLlm.Gguf;

namespace LocalLlm.Kernels.Dot;

/// <summary>Columns picked out of the file's rows, eight weights at a time (AVX2): the same bits as <see cref="RowColumns{TFormat}"/>.</summary>
/// <param name="w">The matrix.</param>
internal readonly unsafe struct GatheredColumns<TFormat>(WeightMatrix w) : IWeightColumns
    where TFormat : struct, IDotFormat
{
    private const int Lanes = 8;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Decode(int column, int row, int rows, float* weights)
    {
        int length = GgmlTypes.BlockLength(TFormat.Type), bytes = GgmlTypes.BlockBytes(TFormat.Type), place = column % length;
        byte* block = w.Row(row) + (long)(column / length) * bytes;
        Vector256<int> rowBytes = Vector256.Create((int)w.RowBytes), lanes = Vector256<int>.Indices;
        for (int r = 0; r < rows; r += Lanes, block += Lanes * w.RowBytes)
        {
            // Past the last row, that one again.
            Vector256<int> each = Vector256.Min(lanes, Vector256.Create(rows - 1 - r));
            TFormat.Weights(new BlockGather(block, Avx2.MultiplyLow(each, rowBytes), bytes), place).Store(weights + r);
        }
    }
}
