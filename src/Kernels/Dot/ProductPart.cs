namespace LocalLlm.Kernels.Dot;

/// <summary>One matrix of a product, cut into chunks of rows.</summary>
internal unsafe struct ProductPart
{
    // A chunk of weights takes some microseconds to read, against a fraction of one for handing it out. Chunks get smaller where a matrix is small:
    // threads wait for each other's last chunk.
    private const long MostChunkBytes = 64 * 1024, LeastChunkBytes = 16 * 1024;
    private const int ChunksPerThread = 8;

    private ProductKernel _kernel;
    private IntegerProduct _integers;
    private FloatProduct _floats;
    private bool _isInteger;
    private int _rows, _chunkRows;

    /// <summary>Chunks of this part.</summary>
    public int Chunks { get; private set; }

    /// <summary>Bytes of scratch memory that a thread needs.</summary>
    public long ScratchBytes { get; private set; }

    /// <summary>A product of integers.</summary>
    public static ProductPart Of(in IntegerProduct product, SimdLevel level, int threads)
    {
        ProductKernel kernel = ProductKernel.Choose(product.W.Type, level, product.Tokens, product.W.Panels is not null);
        ProductPart part = new() { _kernel = kernel, _integers = product, _isInteger = true, ScratchBytes = kernel.ScratchBytes(product.Groups) };
        if (kernel.TileRows == Panel.Rows)
        {
            part.Cut(product.W.Rows, Panel.Rows);
        }
        else
        {
            part.Cut(product.W, kernel.TileRows, threads);
        }
        return part;
    }

    /// <summary>A product of floats.</summary>
    public static ProductPart Of(in FloatProduct product, int threads)
    {
        ProductPart part = new() { _floats = product, ScratchBytes = product.ScratchBytes };
        part.Cut(product.W, product.PanelRows, threads);
        return part;
    }

    /// <summary>Computes the rows of a chunk.</summary>
    /// <param name="chunk">0 to <see cref="Chunks"/> - 1.</param>
    /// <param name="scratch">Memory of this thread [<see cref="ScratchBytes"/>].</param>
    public readonly void Run(int chunk, byte* scratch)
    {
        int begin = chunk * _chunkRows, end = Math.Min(begin + _chunkRows, _rows);
        if (_isInteger)
        {
            _kernel.Run(_integers, begin, end, scratch);
            return;
        }
        switch (_floats.Level)
        {
            case SimdLevel.Avx512: FloatProduct.Run<Avx512FloatTile>(_floats, begin, end, scratch); break;
            case SimdLevel.AvxVnni or SimdLevel.Avx2: FloatProduct.Run<Avx2FloatTile>(_floats, begin, end, scratch); break;
            default: FloatProduct.Run<ScalarFloatTile>(_floats, begin, end, scratch); break;
        }
    }

    /// <summary>Chooses the rows of a chunk: whole tiles of the kernel.</summary>
    private void Cut(in WeightMatrix w, int tile, int threads)
    {
        long bytes = Math.Clamp(w.Rows * w.RowBytes / (ChunksPerThread * threads), LeastChunkBytes, MostChunkBytes);
        Cut(w.Rows, (int)Math.Max(tile, bytes / w.RowBytes / tile * tile));
    }

    private void Cut(int rows, int chunkRows)
    {
        _rows = rows;
        _chunkRows = chunkRows;
        Chunks = (rows + chunkRows - 1) / chunkRows;
    }
}
