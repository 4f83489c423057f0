using LocalLlm.Kernels;

namespace LocalLlm.Engine.Cache;

/// <summary>
/// A sequence in the cache together with its way through the tree of prefixes: it takes from there what is known and leaves there what it has filled.
/// </summary>
internal sealed class CachedSequence : IDisposable
{
    // Copying a block costs about as much as evaluating a token or two.
    private const int LeastPartial = 4;

    private readonly KvCache _cache;
    private readonly List<PrefixNode> _path = [];   // the nodes of the first whole blocks, as far as the tree knows them
    private bool _unknown;                          // the tree cannot take what comes next

    /// <summary>Starts empty.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="capacity">Most positions.</param>
    public CachedSequence(KvCache cache, int capacity)
    {
        _cache = cache;
        Positions = new KvSequence(cache.Allocator, capacity, cache.Pool);
    }

    /// <summary>The positions held.</summary>
    public KvSequence Positions { get; }

    /// <summary>Positions held.</summary>
    public int Length => Positions.Length;

    private PrefixNode Last => _path.Count == 0 ? _cache.Prefixes.Root : _path[^1];

    /// <summary>Takes the positions that are known already, from the end of the sequence on; at least the last token stays to be evaluated.</summary>
    /// <param name="tokens">All tokens of the sequence.</param>
    public void Adopt(ReadOnlySpan<int> tokens)
    {
        int limit = tokens.Length - 1;
        if (Length % KvPool.BlockPositions != 0 || _path.Count * KvPool.BlockPositions != Length)
        {
            return;
        }
        while (Length + KvPool.BlockPositions <= limit && Last.Next(tokens.Slice(Length, KvPool.BlockPositions)) is { } next)
        {
            Positions.Adopt(next.Block, KvPool.BlockPositions);
            _path.Add(next);
        }
        ReadOnlySpan<int> rest = tokens[Length..limit];
        (PrefixNode? node, int shared) = Last.Longest(rest[..Math.Min(rest.Length, KvPool.BlockPositions)]);
        if (node is not null && shared >= LeastPartial)
        {
            Positions.Adopt(node.Block, shared);
            _cache.Prefixes.Touch(node);
        }
        else if (_path.Count > 0)
        {
            _cache.Prefixes.Touch(Last);
        }
    }

    /// <summary>Leaves whole blocks to the tree. A block that another sequence filled with the same tokens meanwhile is shared, and the own one given back.</summary>
    /// <param name="tokens">The tokens of all positions held.</param>
    public void Publish(ReadOnlySpan<int> tokens)
    {
        for (int at = _path.Count * KvPool.BlockPositions; at + KvPool.BlockPositions <= Length && !_unknown; at += KvPool.BlockPositions)
        {
            int index = _path.Count;
            PrefixNode? node = _cache.Prefixes.Add(Last, tokens.Slice(at, KvPool.BlockPositions), Positions.Block(index));
            _unknown = node is null;
            if (node is not null)
            {
                if (node.Block != Positions.Block(index))
                {
                    Positions.Replace(index, node.Block);
                }
                _path.Add(node);
            }
        }
    }

    /// <summary>Forgets the positions from <paramref name="length"/> on.</summary>
    public void Truncate(int length)
    {
        Positions.Truncate(length);
        int whole = Positions.Length / KvPool.BlockPositions;
        if (_path.Count > whole)
        {
            _path.RemoveRange(whole, _path.Count - whole);
        }
    }

    /// <summary>Leaves everything to the tree, the block that is not whole included, for a sequence that continues this one.</summary>
    /// <param name="tokens">The tokens of all positions held.</param>
    public void PublishAll(ReadOnlySpan<int> tokens)
    {
        Publish(tokens);
        int at = _path.Count * KvPool.BlockPositions;
        if (!_unknown && Length - at >= LeastPartial)
        {
            _cache.Prefixes.Add(Last, tokens[at..Length], Positions.Block(_path.Count));
        }
    }

    /// <summary>Gives all blocks back; those in the tree stay there.</summary>
    public void Dispose() => Positions.Dispose();
}
