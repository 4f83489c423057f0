namespace LocalLlm.Kernels;

/// <summary>
/// Attention of one token group and one kv head, a tile at a time, over <see cref="ILanes16{TSelf}"/>. The group's rows are its tokens times
/// the query heads that share the kv head, token by token; a key or value is widened once for all of them.
/// </summary>
internal readonly unsafe struct AttentionTile<TLanes, TKernel, TFormat>
    where TLanes : unmanaged, ILanes16<TLanes>
    where TKernel : struct, IAttentionKernel
    where TFormat : struct, IKvFormat
{
    private readonly AttentionCall _call;
    private readonly TokenGroup _group;
    private readonly int _kvHead;
    private readonly int _rows;
    private readonly TileWorkspace _work;
    private readonly byte* _following;

    /// <summary>Prepares a group: gathers its queries.</summary>
    /// <param name="call">The arguments.</param>
    /// <param name="group">The tokens.</param>
    /// <param name="kvHead">The head.</param>
    /// <param name="memory">Of the worker.</param>
    /// <param name="following">What is read next, after the last tile: short sequences are over before the processor has noticed what comes.</param>
    public AttentionTile(in AttentionCall call, TokenGroup group, int kvHead, float* memory, byte* following)
    {
        _following = following;
        (_call, _group, _kvHead, _rows) = (call, group, kvHead, group.Count * call.HeadsPerKv);
        _work = new TileWorkspace(memory, call.Kv, _rows);
        GatherQueries();
    }

    /// <summary>Runs through all tiles and writes the group's rows of the output.</summary>
    public void RunAll()
    {
        Compute(0, _work.Total); // every row sees tile 0
        for (int tile = 1; tile < _group.Tiles; tile++)
        {
            Compute(tile, _work.Tile);
            for (int row = 0; row < _rows; row++)
            {
                if (_work.Counts[row] > 0)
                {
                    _work.Total.Merge<TLanes>(_work.Tile, row);
                }
            }
        }
        for (int row = 0; row < _rows; row++)
        {
            _work.Total.Finish<TLanes>(row, OutputRow(_call, _group, _kvHead, row), _call.Kv.ValueLength);
        }
    }

    /// <summary>Where a row of a group stands in the output.</summary>
    public static float* OutputRow(in AttentionCall call, TokenGroup group, int kvHead, int row) =>
        call.Output + (BatchRow(call, group, kvHead, row) * call.Kv.ValueLength);

    /// <summary>Computes one tile for all rows that see it.</summary>
    public void Compute(int tile, in TileSums result)
    {
        int positions = CountPositions(tile);
        for (int first = 0; first < positions; first += KvPool.BlockPositions)
        {
            ScoreBlock(tile, first, positions);
        }
        TileSoftmax.Run<TLanes>(_work, _rows, result);
        new Span<float>(result.Values, _rows * result.Stride).Clear();
        for (int first = 0; first < positions; first += KvPool.BlockPositions)
        {
            WeighBlock(tile, first, positions, result);
        }
    }

    private static long BatchRow(in AttentionCall call, TokenGroup group, int kvHead, int row)
    {
        int token = row / call.HeadsPerKv, head = row % call.HeadsPerKv;
        return ((long)(group.First + token) * call.Heads) + (kvHead * call.HeadsPerKv) + head;
    }

    private void GatherQueries()
    {
        int length = _call.Kv.KeyLength, stride = AttentionCall.Padded(length);
        for (int row = 0; row < _rows; row++)
        {
            Span<float> query = new(_work.Queries + ((long)row * stride), stride);
            new ReadOnlySpan<float>(_call.Queries + (BatchRow(_call, _group, _kvHead, row) * length), length).CopyTo(query);
            query[length..].Fill(-0.0f); // times the key's +0 it adds -0, which changes no lane
        }
    }

    /// <summary>Fills the counts of a tile; returns the largest.</summary>
    private int CountPositions(int tile)
    {
        int most = 0;
        for (int row = 0; row < _rows; row++)
        {
            int position = _call.Places[_group.First + (row / _call.HeadsPerKv)].Position;
            int count = Math.Clamp(position + 1 - (tile * AttentionCall.TilePositions), 0, AttentionCall.TilePositions);
            _work.Counts[row] = count;
            most = Math.Max(most, count);
        }
        return most;
    }

    /// <summary>Scores of all rows with the keys of the block at <paramref name="first"/>; the tile's last block is cut at <paramref name="positions"/>.</summary>
    private void ScoreBlock(int tile, int first, int positions)
    {
        int length = _call.Kv.KeyLength, stride = AttentionCall.Padded(length), after = first + KvPool.BlockPositions;
        byte* next = after < positions ? Keys(tile, after) : Values(tile, 0);
        TFormat.Widen<TLanes>(Keys(tile, first), Math.Min(positions, after) - first, length, _work.Widened, stride, next);
        AttentionRows<TKernel>.Score(_work, _rows, first, stride, _call.Scale);
    }

    /// <summary>Adds the weighted values of the block at <paramref name="first"/> to all rows' sums.</summary>
    private void WeighBlock(int tile, int first, int positions, in TileSums result)
    {
        int length = _call.Kv.ValueLength, after = first + KvPool.BlockPositions;
        byte* next = after < positions ? Values(tile, after) : tile + 1 < _group.Tiles ? Keys(tile + 1, 0) : _following;
        TFormat.Widen<TLanes>(Values(tile, first), Math.Min(positions, after) - first, length, _work.Widened, result.Stride, next);
        AttentionRows<TKernel>.Weigh(_work, _rows, first, result);
    }

    /// <summary>The keys of the block that begins at position <paramref name="first"/> of a tile.</summary>
    private byte* Keys(int tile, int first) => _call.Kv.Keys(_call.Layer, Block(tile, first), _kvHead);

    /// <summary>The same of values.</summary>
    private byte* Values(int tile, int first) => _call.Kv.Values(_call.Layer, Block(tile, first), _kvHead);

    /// <summary>The pool's number of the block that holds position <paramref name="first"/> of a tile.</summary>
    private int Block(int tile, int first) =>
        _call.Places[_group.First].BlockTable[(tile * AttentionCall.TileBlocks) + (first / KvPool.BlockPositions)];
}
