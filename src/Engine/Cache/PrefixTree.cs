using LocalLlm.Kernels;

namespace LocalLlm.Engine.Cache;

/// <summary>
/// Filled blocks by the tokens that led to them, so that a sequence which begins like an earlier one shares its blocks instead of evaluating them
/// again. Blocks that no sequence holds make way, the least recently used first and never one that others build on. Not safe for several threads.
/// </summary>
internal sealed class PrefixTree(KvBlockAllocator allocator)
{
    private PrefixNode? _newest, _oldest;

    /// <summary>Where every sequence begins.</summary>
    public PrefixNode Root { get; } = new(null, [], -1);

    /// <summary>Blocks that made way so far.</summary>
    public long Evicted { get; private set; }

    /// <summary>Keeps a filled block.</summary>
    /// <param name="parent">The block before it.</param>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="block">Its number; a sequence holds it.</param>
    /// <returns>The node with these tokens, which may be an older one with another block; null if the tree cannot take it.</returns>
    public PrefixNode? Add(PrefixNode parent, ReadOnlySpan<int> tokens, int block)
    {
        (PrefixNode? known, int shared) = tokens.Length < KvPool.BlockPositions ? parent.Longest(tokens) : (parent.Next(tokens), tokens.Length);
        if (known is not null && shared == tokens.Length)
        {
            Touch(known);
            return known;
        }
        PrefixNode node = new(parent, tokens.ToArray(), block);
        foreach (PrefixNode beginning in parent.Within(node.Tokens))
        {
            Forget(beginning);
        }
        if (!parent.TryAdd(node))
        {
            return null;
        }
        allocator.Keep(block);
        Touch(node);
        return node;
    }

    /// <summary>Blocks at the beginning of a text that sequences hold just now, so that another one with this text would not need them for itself.</summary>
    public int BlocksInUse(ReadOnlySpan<int> tokens)
    {
        int blocks = 0;
        PrefixNode at = Root;
        for (; tokens.Length > KvPool.BlockPositions && at.Next(tokens[..KvPool.BlockPositions]) is { } next; at = next, tokens = tokens[KvPool.BlockPositions..])
        {
            blocks += allocator.Holders(next.Block) > 1 ? 1 : 0;
        }
        return blocks;
    }

    /// <summary>Marks a block, and all before it, as used just now; a block always counts as used after those that follow it.</summary>
    public void Touch(PrefixNode node)
    {
        for (PrefixNode at = node; at.Parent is not null; at = at.Parent)
        {
            Unlink(at);
            at.Older = _newest;
            if (_newest is not null)
            {
                _newest.Newer = at;
            }
            _newest = at;
            _oldest ??= at;
        }
    }

    /// <summary>Lets the least recently used block go that no sequence holds and nothing follows; false if there is none.</summary>
    public bool TryEvict()
    {
        for (PrefixNode? node = _oldest; node is not null; node = node.Newer)
        {
            if (allocator.Holders(node.Block) == 1 && node.IsLeaf)
            {
                Forget(node);
                Evicted++;
                return true;
            }
        }
        return false;
    }

    private void Forget(PrefixNode node)
    {
        node.Parent!.Remove(node);
        Unlink(node);
        allocator.Drop(node.Block);
    }

    private void Unlink(PrefixNode node)
    {
        if (node.Older is not null)
        {
            node.Older.Newer = node.Newer;
        }
        else if (_oldest == node)
        {
            _oldest = node.Newer;
        }
        if (node.Newer is not null)
        {
            node.Newer.Older = node.Older;
        }
        else if (_newest == node)
        {
            _newest = node.Older;
        }
        (node.Older, node.Newer) = (null, null);
    }
}
