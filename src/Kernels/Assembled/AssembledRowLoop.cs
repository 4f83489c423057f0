using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels.Assembled;

/// <summary>Few tokens: rows straight from the file's blocks, with an assembled kernel, against one token after the other.</summary>
internal readonly unsafe struct AssembledRowLoop<TFormat> : IProductLoop
    where TFormat : struct, IDotFormat
{
    // Bytes asked for ahead, or a tile of four rows if that is more. At 20 GB/s they last 600 ns, several times what a busy memory takes to answer,
    // and a first-level cache has room for them.
    private const int LeastAhead = 12 * 1024;

    /// <inheritdoc/>
    public static void Run(in IntegerProduct product, int begin, int end, byte* scratch)
    {
        int tiles = (end - begin) / 4, done = begin + 4 * tiles;
        if (tiles > 0)
        {
            Multiply(product, begin, tiles);
            if (product.BlockBias is not null)
            {
                OutlierProduct.AddBias(product, begin, done);
            }
            OutlierProduct.Add<Avx512Lanes, GatheredColumns<TFormat>>(product, new(product.W), begin, done);
        }
        if (done < end)
        {
            Avx512RowLoop<TFormat>.Run(product, done, end, scratch);
        }
    }

    private static void Multiply(in IntegerProduct product, int begin, int tiles)
    {
        int stepBlocks = RowAssembler.StepBlocks(TFormat.Type);
        long tileBytes = 4 * product.W.RowBytes;
        RowCall call = new()
        {
            Rows = product.W.Row(begin),
            RowBytes = product.W.RowBytes,
            Tiles = tiles,
            Steps = product.Blocks / stepBlocks,
            Ahead = (LeastAhead + tileBytes - 1) / tileBytes * tileBytes,
            Constants = RowConstants.Table,
        };
        var kernel = AssembledKernels.Instance.RowKernel(TFormat.Type, product.Blocks % stepBlocks);
        for (int token = 0; token < product.Tokens; token++)
        {
            call.Quants = product.TokenQuants(token);
            call.Scales = product.TileScales(token);
            call.ScaledSums = product.TileScaledSums(token);
            call.HalfSums = product.TokenHalfSums(token);
            call.TileToken = token % QuantizedActivations.TileRows;
            call.Y = product.Y + (long)token * product.W.Rows + begin;
            kernel(&call);
        }
    }
}
