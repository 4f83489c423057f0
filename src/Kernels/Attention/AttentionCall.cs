namespace LocalLlm.Kernels;

/// <summary>The arguments of one attention call, as its jobs need them.</summary>
internal unsafe struct AttentionCall
{
    /// <summary>Positions in a tile. Tiles begin at absolute multiples of it; see docs/arithmetic.md.</summary>
    public const int TilePositions = 128;

    /// <summary>Blocks of the cache in a tile.</summary>
    public const int TileBlocks = TilePositions / KvPool.BlockPositions;

    /// <summary>The cache.</summary>
    public KvPool Kv;

    /// <summary>The layer read.</summary>
    public int Layer;

    /// <summary>Queries, [tokens, Heads, keyLength].</summary>
    public float* Queries;

    /// <summary>Where each token lives, [tokens].</summary>
    public TokenPlace* Places;

    /// <summary>Query heads; a multiple of the cache's kv heads.</summary>
    public int Heads;

    /// <summary>Multiplies every dot product of a query and a key.</summary>
    public float Scale;

    /// <summary>Result, [tokens, Heads, valueLength].</summary>
    public float* Output;

    /// <summary>Query heads that share one kv head: heads kvHead * HeadsPerKv and the next ones.</summary>
    public readonly int HeadsPerKv => Heads / Kv.KvHeads;

    /// <summary>The tiles that a token at <paramref name="position"/> sees.</summary>
    public static int TilesUpTo(int position) => (position / TilePositions) + 1;

    /// <summary>A length rounded up to whole groups of sixteen lanes.</summary>
    public static int Padded(int length) => (length + 15) & ~15;
}
