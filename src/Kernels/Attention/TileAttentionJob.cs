namespace LocalLlm.Kernels;

/// <summary>
/// Attention at the vector levels. The unit of work is a range of tiles of a token group for one kv head; the ranges of one kv head come
/// one after the other, so that the prefill of a long sequence finds the head's keys and values in cache.
/// </summary>
internal unsafe struct TileAttentionJob<TLanes, TKernel, TFormat> : IParallelJob
    where TLanes : unmanaged, ILanes16<TLanes>
    where TKernel : struct, IAttentionKernel
    where TFormat : struct, IKvFormat
{
    /// <summary>The arguments.</summary>
    public AttentionCall Call;

    /// <summary>The groups and ranges.</summary>
    public AttentionPlan Plan;

    /// <summary>Memory of the workers, and of tiles whose group is split.</summary>
    public AttentionScratch Scratch;

    /// <inheritdoc/>
    public readonly void Run(int begin, int end, int worker)
    {
        for (int index = begin; index < end; index++)
        {
            int kvHead = index / Plan.Ranges.Count;
            TileRange range = Plan.Ranges[index % Plan.Ranges.Count];
            TokenGroup group = Plan.Groups[range.Group];
            AttentionTile<TLanes, TKernel, TFormat> tiles = new(Call, group, kvHead, Scratch.Worker(worker), FirstKeys(Math.Min(index + 1, end - 1)));
            if (!group.IsSplit)
            {
                tiles.RunAll();
                continue;
            }
            for (int tile = range.Begin; tile < range.End; tile++)
            {
                tiles.Compute(tile, Partial(Call, Scratch, group, kvHead, tile));
            }
        }
    }

    /// <summary>The first keys that a unit of work reads.</summary>
    private readonly byte* FirstKeys(int index)
    {
        TileRange range = Plan.Ranges[index % Plan.Ranges.Count];
        int block = Call.Places[Plan.Groups[range.Group].First].BlockTable[range.Begin * AttentionCall.TileBlocks];
        return Call.Kv.Keys(Call.Layer, block, index / Plan.Ranges.Count);
    }

    /// <summary>Where the result of one tile of a split group stands.</summary>
    internal static TileSums Partial(in AttentionCall call, AttentionScratch scratch, TokenGroup group, int kvHead, int tile)
    {
        int rows = group.Count * call.HeadsPerKv;
        long index = ((long)kvHead * group.Tiles) + tile;
        float* memory = scratch.Partials + group.Partials + (index * TileSums.Floats(rows, call.Kv.ValueLength));
        return new TileSums(memory, rows, call.Kv.ValueLength);
    }
}

/// <summary>
/// Merges, left to right, the tiles of groups that were split between workers, and writes their output. The unit of work is a split group
/// and a kv head.
/// </summary>
internal unsafe struct TileMergeJob<TLanes, TKernel, TFormat> : IParallelJob
    where TLanes : unmanaged, ILanes16<TLanes>
    where TKernel : struct, IAttentionKernel
    where TFormat : struct, IKvFormat
{
    /// <summary>The arguments.</summary>
    public AttentionCall Call;

    /// <summary>The groups.</summary>
    public AttentionPlan Plan;

    /// <summary>The tiles' results.</summary>
    public AttentionScratch Scratch;

    /// <inheritdoc/>
    public readonly void Run(int begin, int end, int worker)
    {
        for (int index = begin; index < end; index++)
        {
            MergeGroup(Plan.Groups[Plan.SplitGroups[index / Call.Kv.KvHeads]], index % Call.Kv.KvHeads);
        }
    }

    private readonly void MergeGroup(TokenGroup group, int kvHead)
    {
        TileSums total = TileAttentionJob<TLanes, TKernel, TFormat>.Partial(Call, Scratch, group, kvHead, 0);
        for (int row = 0; row < group.Count * Call.HeadsPerKv; row++)
        {
            int tiles = AttentionCall.TilesUpTo(Call.Places[group.First + (row / Call.HeadsPerKv)].Position);
            for (int tile = 1; tile < tiles; tile++)
            {
                total.Merge<TLanes>(TileAttentionJob<TLanes, TKernel, TFormat>.Partial(Call, Scratch, group, kvHead, tile), row);
            }
            float* output = AttentionTile<TLanes, TKernel, TFormat>.OutputRow(Call, group, kvHead, row);
            total.Finish<TLanes>(row, output, Call.Kv.ValueLength);
        }
    }
}
