using LocalLlm.Engine.Transformer;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Cache;

/// <summary>Keys and values of all sequences of a model: one pool of blocks, and the prefixes that are known. Not safe for several threads.</summary>
internal sealed class KvCache : IDisposable
{
    /// <summary>Reserves the memory; it is touched only as it is used.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="type">How numbers are stored.</param>
    /// <param name="blocks">Blocks of the pool.</param>
    /// <exception cref="InsufficientMemoryException">The system will not give that much memory.</exception>
    public KvCache(TransformerConfig config, KvType type, int blocks)
    {
        Pool = new KvPool(config.BlockCount, config.HeadCountKv, config.KeyLength, config.ValueLength, type, blocks);
        Allocator = new KvBlockAllocator(blocks);
        Prefixes = new PrefixTree(Allocator);
    }

    /// <summary>The memory.</summary>
    public KvPool Pool { get; }

    /// <summary>Who holds which block.</summary>
    public KvBlockAllocator Allocator { get; }

    /// <summary>The prefixes that are known.</summary>
    public PrefixTree Prefixes { get; }

    /// <summary>Blocks that a sequence could get.</summary>
    public int AvailableBlocks => Allocator.FreeBlocks + Allocator.IdleBlocks;

    /// <summary>Makes so many blocks free, at the cost of cached prefixes; false if active sequences hold too many.</summary>
    public bool TryReserve(int blocks)
    {
        while (Allocator.FreeBlocks < blocks)
        {
            if (!Prefixes.TryEvict())
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => Pool.Dispose();
}
