using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels.Assembled;

/// <summary>Columns of a packed panel, where 16 rows stand side by side. The same bits as the file's decoders: they round once, at the end, and so does this.</summary>
/// <param name="panel">The panel.</param>
/// <param name="panelRow">Row of the matrix that the panel starts with.</param>
/// <param name="groups">Groups of four blocks in a row.</param>
internal readonly unsafe struct PanelColumns<TFormat>(byte* panel, int panelRow, int groups) : IWeightColumns
    where TFormat : struct, IDotFormat
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Decode(int column, int row, int rows, float* weights)
    {
        int block = column / QuantizedActivations.BlockLength, k = column % QuantizedActivations.BlockLength;
        byte* at = panel + ((nint)(block % QuantizedActivations.GroupBlocks) * groups + block / QuantizedActivations.GroupBlocks) * TilePacker<TFormat>.BlockBytes
            + (row - panelRow) * sizeof(float);
        for (int r = 0; r < rows; r += 16, at += 16 * sizeof(float))
        {
            // Four consecutive quants of a row are one integer.
            Vector512<int> quants = Vector512.Load((int*)(at + k / 4 * TileShape.VectorPair)) >>> (k % 4 * 8) & Vector512.Create(0xFF);
            Vector512<float> q = Avx512F.ConvertToVector512Single(quants - Vector512.Create(TFormat.IsSigned ? 128 : TFormat.Offset));
            Vector512<float> scale = Vector512.Load((float*)(at + TileShape.ScaleOffset));
            if (TFormat.HasHalfScales)
            {
                scale *= Vector512.Load((float*)(at + (k < 16 ? TileShape.SecondOffset : TileShape.ThirdOffset)));
            }
            Vector512<float> w = scale * q;
            if (TFormat.HasMinimums)
            {
                w += Vector512.Load((float*)(at + TileShape.SecondOffset));
            }
            w.Store(weights + r);
        }
    }
}
