using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels;

public sealed unsafe partial class CpuOps
{
    /// <summary>Quantizes activations for the integer kernels.</summary>
    /// <param name="x">Activations [rows, columns].</param>
    /// <param name="columns">Values in a row, a multiple of 32.</param>
    /// <param name="q">Where to; takes the shape of <paramref name="x"/>.</param>
    /// <exception cref="ArgumentException">The columns are not whole blocks, the values not whole rows, or <paramref name="q"/> is too small.</exception>
    /// <remarks>A block that holds an infinity or a NaN gets NaN as its scale, so that it shows in every result computed from it.</remarks>
    public void Quantize(ReadOnlySpan<float> x, int columns, QuantizedActivations q)
    {
        if (columns < 1 || columns % QuantizedActivations.BlockLength != 0 || x.Length % columns != 0)
        {
            throw new ArgumentException($"{x.Length} activations in rows of {columns} are not whole blocks of {QuantizedActivations.BlockLength}.");
        }
        q.Reshape(x.Length / columns, columns);
        fixed (float* px = x)
        {
            QuantizeJob job = new() { X = px, Q = q, Level = _intrinsics };
            // Rows of a tile share cache lines of scales, so a tile goes to one thread.
            int tiles = (q.Rows + QuantizedActivations.TileRows - 1) / QuantizedActivations.TileRows;
            Pool.For(ref job, tiles, Math.Max(1, QuantizeGrain / (columns * QuantizedActivations.TileRows)));
        }
        q.Outliers.Gather(q.Rows);
    }

    // Values to a chunk: some ten microseconds of work, against one for handing it out.
    private const int QuantizeGrain = 32 * 1024;

    private struct QuantizeJob : IParallelJob
    {
        public float* X;
        public QuantizedActivations Q;
        public SimdLevel Level;

        public readonly void Run(int begin, int end, int worker)
        {
            switch (Level)
            {
                case SimdLevel.Avx512: Rows<Avx512BlockQuantizer>(begin, end); break;
                case SimdLevel.AvxVnni or SimdLevel.Avx2: Rows<Avx2BlockQuantizer>(begin, end); break;
                default: Rows<ScalarBlockQuantizer>(begin, end); break;
            }
        }

        private readonly void Rows<TBlock>(int beginTile, int endTile)
            where TBlock : struct, IBlockQuantizer
        {
            int last = Math.Min(endTile * QuantizedActivations.TileRows, Q.Rows);
            for (int row = beginTile * QuantizedActivations.TileRows; row < last; row++)
            {
                ActivationQuantizer.QuantizeRow<TBlock>(X + (long)row * Q.Columns, Q, row);
            }
        }
    }
}
