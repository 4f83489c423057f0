namespace LocalLlm.Kernels;

/// <summary>
/// Tokens of one sequence, next to each other in the batch, that go through the cache together, so that each key and value is read and
/// widened once for all of them.
/// </summary>
/// <param name="First">The first token's row in the batch.</param>
/// <param name="Count">How many tokens.</param>
/// <param name="Tiles">Tiles that the furthest of them sees.</param>
/// <param name="Partials">
/// Where the results of its tiles stand in <see cref="AttentionScratch.Partials"/> when its tiles are split between workers, in floats; -1
/// when one worker runs through them all.
/// </param>
internal readonly record struct TokenGroup(int First, int Count, int Tiles, int Partials)
{
    /// <summary>True when the group's tiles are split between workers.</summary>
    public bool IsSplit => Partials >= 0;
}

/// <summary>Tiles that one worker computes for one kv head.</summary>
/// <param name="Group">Index of the token group.</param>
/// <param name="Begin">First tile.</param>
/// <param name="End">The tile after the last.</param>
internal readonly record struct TileRange(int Group, int Begin, int End);

/// <summary>
/// How an attention call is cut into work: token groups, and ranges of their tiles. No cut shows in the result, because tiles are cut at
/// absolute positions and always merged left to right. One plan is reused from call to call.
/// </summary>
internal sealed class AttentionPlan
{
    /// <summary>
    /// Query rows (tokens times query heads of a kv head) of a group at most: enough to make widening a key cheap beside using it, few
    /// enough for queries, scores and sums to stay in a core's second-level cache.
    /// </summary>
    internal const int GroupRows = 128;

    /// <summary>Pieces of work aimed at for each thread, so that one that is held up stalls the others by a fraction only.</summary>
    private const int PiecesPerThread = 4;

    /// <summary>Larger groups are never split between workers: batches that have them have other work, and their partial results are large.</summary>
    private const int SplitTokens = 4;

    /// <summary>Partial results at most, 256 MiB; groups beyond it are not split.</summary>
    private const int MaxPartialFloats = 64 << 20;

    private readonly List<TokenGroup> _groups = [];
    private readonly List<TileRange> _ranges = [];
    private readonly List<int> _splitGroups = [];

    /// <summary>The token groups, in the order of the batch.</summary>
    public IReadOnlyList<TokenGroup> Groups => _groups;

    /// <summary>
    /// Ranges of tiles, each to be computed for every kv head. Those of the batch's last groups stand first: in a prefill they are the
    /// longest, and what is left for the end should be short.
    /// </summary>
    public IReadOnlyList<TileRange> Ranges => _ranges;

    /// <summary>Indices of the groups whose tiles are split.</summary>
    public IReadOnlyList<int> SplitGroups => _splitGroups;

    /// <summary>
    /// Floats to reserve for the partial results: at least as many as tokens anywhere in the cache would need one at a time, so that a sequence
    /// which grows token by token never asks for more.
    /// </summary>
    public int PartialFloats { get; private set; }

    /// <summary>Rows of the largest group.</summary>
    public int MaxRows { get; private set; }

    /// <summary>Makes the plan of a call.</summary>
    public void Build(in AttentionCall call, ReadOnlySpan<TokenPlace> places, int threads)
    {
        _groups.Clear();
        _ranges.Clear();
        _splitGroups.Clear();
        (PartialFloats, MaxRows) = (0, 0);
        long tiles = Group(places, TokensPerGroup(call, places.Length, threads), call.HeadsPerKv);
        // Pieces run once for every kv head, so that many fewer of them are needed.
        int pieces = Math.Max(1, PiecesPerThread * threads / call.Kv.KvHeads);
        int share = threads == 1 ? int.MaxValue : (int)Math.Max(1, (tiles + pieces - 1) / pieces);
        _ranges.EnsureCapacity(_groups.Count + pieces);
        _splitGroups.EnsureCapacity(_groups.Count);
        for (int group = _groups.Count - 1; group >= 0; group--)
        {
            Cut(call, group, share);
        }
        if (threads > 1 && pieces > 1)
        {
            long cacheTiles = (call.Kv.Blocks / AttentionCall.TileBlocks) + 1L + places.Length;
            long partials = cacheTiles * call.Kv.KvHeads * TileSums.Floats(call.HeadsPerKv, call.Kv.ValueLength);
            PartialFloats = (int)Math.Clamp(partials, PartialFloats, MaxPartialFloats);
        }
    }

    private static int TokensPerGroup(in AttentionCall call, int tokens, int threads)
    {
        int most = Math.Max(1, GroupRows / call.HeadsPerKv);
        int groups = ((PiecesPerThread * threads) + call.Kv.KvHeads - 1) / call.Kv.KvHeads;
        return threads == 1 ? most : Math.Clamp(tokens / groups, 1, most);
    }

    /// <summary>Gathers neighbours of one sequence into groups; returns the sum of their tiles.</summary>
    private unsafe long Group(ReadOnlySpan<TokenPlace> places, int tokensPerGroup, int headsPerKv)
    {
        long tiles = 0;
        for (int first = 0, next; first < places.Length; first = next)
        {
            int last = places[first].Position;
            for (next = first + 1; next < places.Length && next - first < tokensPerGroup && places[next].BlockTable == places[first].BlockTable; next++)
            {
                last = Math.Max(last, places[next].Position);
            }
            _groups.Add(new TokenGroup(first, next - first, AttentionCall.TilesUpTo(last), -1));
            MaxRows = Math.Max(MaxRows, (next - first) * headsPerKv);
            tiles += AttentionCall.TilesUpTo(last);
        }
        return tiles;
    }

    /// <summary>Adds the ranges of a group, none longer than <paramref name="share"/> tiles if the group may be split.</summary>
    private void Cut(in AttentionCall call, int index, int share)
    {
        TokenGroup group = _groups[index];
        long partials = (long)group.Tiles * call.Kv.KvHeads * TileSums.Floats(group.Count * call.HeadsPerKv, call.Kv.ValueLength);
        if (group.Tiles <= share || group.Count > SplitTokens || PartialFloats + partials > MaxPartialFloats)
        {
            _ranges.Add(new TileRange(index, 0, group.Tiles));
            return;
        }
        _groups[index] = group with { Partials = PartialFloats };
        _splitGroups.Add(index);
        PartialFloats += (int)partials;
        for (int begin = 0; begin < group.Tiles; begin += share)
        {
            _ranges.Add(new TileRange(index, begin, Math.Min(begin + share, group.Tiles)));
        }
    }
}
