using LocalLlm.Kernels;

namespace LocalLlm.Engine.Cache;

/// <summary>
/// A filled block in the tree of known prefixes: the tokens on the way from the root are the positions before it. Links are the tree's business.
/// </summary>
/// <param name="parent">The block before it; null for the root, which has no block.</param>
/// <param name="tokens">Its tokens; fewer than a block holds only where nothing comes after.</param>
/// <param name="block">Its number in the pool.</param>
internal sealed class PrefixNode(PrefixNode? parent, int[] tokens, int block)
{
    private Dictionary<ulong, PrefixNode>? _whole;
    private List<PrefixNode>? _partial;

    /// <summary>The block before it.</summary>
    public PrefixNode? Parent { get; } = parent;

    /// <summary>Its tokens.</summary>
    public int[] Tokens { get; } = tokens;

    /// <summary>Its number in the pool.</summary>
    public int Block { get; } = block;

    /// <summary>Its neighbours in the order of last use.</summary>
    public PrefixNode? Older { get; set; }

    /// <summary>As <see cref="Older"/>.</summary>
    public PrefixNode? Newer { get; set; }

    /// <summary>Whether no block follows.</summary>
    public bool IsLeaf => _whole is null or { Count: 0 } && _partial is null or { Count: 0 };

    /// <summary>Whether it is a whole block, so that others can follow.</summary>
    public bool IsWhole => Tokens.Length == KvPool.BlockPositions;

    /// <summary>The following whole block with these tokens; null if it is not known.</summary>
    public PrefixNode? Next(ReadOnlySpan<int> tokens) =>
        _whole is not null && _whole.TryGetValue(Hash(tokens), out PrefixNode? node) && tokens.SequenceEqual(node.Tokens) ? node : null;

    /// <summary>The following block that shares the most first tokens, and how many.</summary>
    public (PrefixNode? Node, int Shared) Longest(ReadOnlySpan<int> tokens)
    {
        (PrefixNode? Node, int Shared) best = (null, 0);
        foreach (PrefixNode node in Following())
        {
            int shared = tokens.CommonPrefixLength(node.Tokens);
            if (shared > best.Shared)
            {
                best = (node, shared);
            }
        }
        return best;
    }

    /// <summary>Following blocks that are not whole and whose tokens begin these.</summary>
    public IEnumerable<PrefixNode> Within(int[] tokens) =>
        _partial is null ? [] : [.. _partial.Where(node => node.Tokens.Length <= tokens.Length && tokens.AsSpan().StartsWith(node.Tokens))];

    /// <summary>Adds a following block; false if it cannot be told apart from another.</summary>
    public bool TryAdd(PrefixNode node)
    {
        if (!node.IsWhole)
        {
            (_partial ??= []).Add(node);
            return true;
        }
        return (_whole ??= []).TryAdd(Hash(node.Tokens), node);
    }

    /// <summary>Removes a following block.</summary>
    public void Remove(PrefixNode node)
    {
        if (node.IsWhole)
        {
            _whole!.Remove(Hash(node.Tokens));
        }
        else
        {
            _partial!.Remove(node);
        }
    }

    private IEnumerable<PrefixNode> Following()
    {
        IEnumerable<PrefixNode> whole = _whole?.Values ?? Enumerable.Empty<PrefixNode>();
        return _partial is null ? whole : whole.Concat(_partial);
    }

    /// <summary>FNV-1a over 32-bit units: collisions only cost a block its place, since tokens are compared.</summary>
    private static ulong Hash(ReadOnlySpan<int> tokens)
    {
        ulong hash = 14695981039346656037;
        foreach (int token in tokens)
        {
            hash = (hash ^ (uint)token) * 1099511628211;
        }
        return hash;
    }
}
