namespace LocalLlm.Kernels;

/// <summary>A worker's memory while it runs through the tiles of one token group and one kv head.</summary>
internal readonly unsafe struct TileWorkspace
{
    /// <summary>Queries of the group's rows, token by token and head by head, [rows, KeyStride], padded with -0.</summary>
    public readonly float* Queries;

    /// <summary>Scores of the tile at hand, later their exponentials, [rows, 128].</summary>
    public readonly float* Scores;

    /// <summary>Keys or values of one block as float32, [32, KeyStride or ValueStride], padded with +0.</summary>
    public readonly float* Widened;

    /// <summary>Positions of the tile at hand that each row sees, [rows]; 0 when the tile is to the right of its token.</summary>
    public readonly int* Counts;

    /// <summary>Result of the tile at hand.</summary>
    public readonly TileSums Tile;

    /// <summary>All tiles so far.</summary>
    public readonly TileSums Total;

    /// <summary>Lays the arrays over memory of <see cref="Floats"/> floats, 64-byte aligned.</summary>
    public TileWorkspace(float* memory, KvPool kv, int rows)
    {
        int keyStride = AttentionCall.Padded(kv.KeyLength), valueStride = AttentionCall.Padded(kv.ValueLength);
        Queries = memory;
        Scores = Queries + ((long)rows * keyStride);
        Widened = Scores + ((long)rows * AttentionCall.TilePositions);
        Counts = (int*)(Widened + (KvPool.BlockPositions * Math.Max(keyStride, valueStride)));
        float* sums = (float*)Counts + AttentionCall.Padded(rows);
        Tile = new TileSums(sums, rows, kv.ValueLength);
        Total = new TileSums(sums + TileSums.Floats(rows, kv.ValueLength), rows, kv.ValueLength);
    }

    /// <summary>Floats of memory that <paramref name="rows"/> rows need.</summary>
    public static int Floats(KvPool kv, int rows)
    {
        int keyStride = AttentionCall.Padded(kv.KeyLength), valueStride = AttentionCall.Padded(kv.ValueLength);
        return checked((rows * (keyStride + AttentionCall.TilePositions))
            + (KvPool.BlockPositions * Math.Max(keyStride, valueStride))
            + AttentionCall.Padded(rows)
            + (2 * TileSums.Floats(rows, kv.ValueLength)));
    }
}
