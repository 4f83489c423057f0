using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels;

public sealed unsafe partial class CpuOps
{
    /// <summary>Bytes that <see cref="Unpack"/> needs for a matrix; 0 if this level's kernels for its format unpack nothing that could be kept.</summary>
    /// <param name="w">The weights.</param>
    public long UnpackedBytes(in WeightMatrix w)
    {
        if (!HasIntegerKernel(w.Type))
        {
            return 0;
        }
        ProductKernel kernel = ProductKernel.Choose(w.Type, Level, int.MaxValue);
        return kernel.PanelBytes(Groups(w)) * ((w.Rows + kernel.TileRows - 1) / kernel.TileRows);
    }

    /// <summary>
    /// Unpacks a matrix once for all products with several vectors at this level, which otherwise do it each time: for products of a few dozen vectors, where
    /// that is a good part of the work. The bits of the results do not change.
    /// </summary>
    /// <param name="w">The weights; must outlive the result.</param>
    /// <param name="memory">Where to, aligned to 64 bytes [<see cref="UnpackedBytes"/>, which is not 0]; belongs to the caller and must outlive the result.</param>
    /// <returns>The same matrix, for operations of this level.</returns>
    public WeightMatrix Unpack(in WeightMatrix w, byte* memory)
    {
        ProductKernel kernel = ProductKernel.Choose(w.Type, Level, int.MaxValue);
        UnpackJob job = new() { Kernel = kernel, Product = new() { W = w, Groups = Groups(w) }, Memory = memory };
        Pool.For(ref job, (w.Rows + kernel.TileRows - 1) / kernel.TileRows, 1);
        return w with { Panels = memory };
    }

    private static int Groups(in WeightMatrix w) => (w.Columns + QuantizedActivations.GroupLength - 1) / QuantizedActivations.GroupLength;

    private struct UnpackJob : IParallelJob
    {
        public ProductKernel Kernel;
        public IntegerProduct Product;
        public byte* Memory;

        public readonly void Run(int begin, int end, int worker)
        {
            long bytes = Kernel.PanelBytes(Product.Groups);
            for (int panel = begin; panel < end; panel++)
            {
                int row = panel * Kernel.TileRows;
                Kernel.Pack(Product, row, Math.Min(row + Kernel.TileRows, Product.W.Rows), Memory + (panel * bytes));
            }
        }
    }
}
