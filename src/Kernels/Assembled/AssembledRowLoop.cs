using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels.Assembled;

/// <summary>One token: rows straight from the file's blocks, with an assembled kernel. Of more tokens, one after the other.</summary>
internal readonly unsafe struct AssembledRowLoop<TFormat> : IProductLoop
    where TFormat : struct, IDotFormat
{
    // Bytes asked for ahead, or a tile of rows if that is more. At 20 GB/s they last 600 ns, several times what a busy memory takes to answer,
    // and a first-level cache has room for them.
    private const int LeastAhead = 12 * 1024;

    /// <inheritdoc/>
    public static int TileRows => 4;

    /// <inheritdoc/>
    public static void Run(in IntegerProduct product, int begin, int end, byte* scratch)
    {
        int tiles = (end - begin) / TileRows, done = begin + tiles * TileRows;
        if (tiles > 0)
        {
            Multiply(product, begin, tiles);
            Complete(product, begin, done);
        }
        if (done < end)
        {
            Avx512RowLoop<TFormat>.Run(product, done, end, scratch);
        }
    }

    /// <summary>What a kernel for rows of the file is called with, the tokens left out.</summary>
    /// <param name="product">The product.</param>
    /// <param name="begin">First row.</param>
    /// <param name="tiles">How many times <paramref name="tileRows"/> rows.</param>
    /// <param name="tileRows">Rows that the kernel works on at a time.</param>
    internal static RowCall Call(in IntegerProduct product, int begin, int tiles, int tileRows)
    {
        long tileBytes = tileRows * product.W.RowBytes;
        return new()
        {
            Rows = product.W.Row(begin),
            RowBytes = product.W.RowBytes,
            Tiles = tiles,
            Steps = product.Blocks / RowAssembler.StepBlocks(TFormat.Type),
            Ahead = (LeastAhead + tileBytes - 1) / tileBytes * tileBytes,
            Constants = RowConstants.Table,
        };
    }

    /// <summary>Points a call at a token, or at the first of several.</summary>
    internal static void SetToken(ref RowCall call, in IntegerProduct product, int begin, int token)
    {
        call.Quants = product.TokenQuants(token);
        call.Scales = product.TileScales(token);
        call.ScaledSums = product.TileScaledSums(token);
        call.HalfSums = product.TokenHalfSums(token);
        call.TileToken = token % QuantizedActivations.TileRows;
        call.Y = product.Y + (long)token * product.W.Rows + begin;
    }

    /// <summary>Adds what comes after the sums of the blocks.</summary>
    internal static void Complete(in IntegerProduct product, int begin, int end)
    {
        if (product.BlockBias is not null)
        {
            OutlierProduct.AddBias<Avx512Lanes>(product, begin, end);
        }
        OutlierProduct.Add<Avx512Lanes, GatheredColumns<TFormat>>(product, new(product.W), begin, end);
    }

    private static void Multiply(in IntegerProduct product, int begin, int tiles)
    {
        RowCall call = Call(product, begin, tiles, TileRows);
        var kernel = AssembledKernels.Instance.RowKernel(TFormat.Type, product.Blocks % RowAssembler.StepBlocks(TFormat.Type));
        for (int token = 0; token < product.Tokens; token++)
        {
            SetToken(ref call, product, begin, token);
            call.Tiles = tiles;
            kernel(&call);
        }
    }
}
