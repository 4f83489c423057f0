using LocalLlm.Kernels;

namespace LocalLlm.Engine.Cache;

/// <summary>Hands out the blocks of a <see cref="KvPool"/>. Not safe for several threads.</summary>
public sealed class KvBlockAllocator
{
    private readonly Stack<int> _free;

    /// <summary>Starts with all blocks free.</summary>
    public KvBlockAllocator(int blocks)
    {
        // Lowest numbers on top: memory that was touched before is used again before untouched memory costs its first page.
        _free = new Stack<int>(Enumerable.Range(0, blocks).Reverse());
    }

    /// <summary>Blocks that nobody holds.</summary>
    public int FreeBlocks => _free.Count;

    /// <summary>Takes a block; false if none is free.</summary>
    public bool TryTake(out int block) => _free.TryPop(out block);

    /// <summary>Gives a block back.</summary>
    public void Return(int block) => _free.Push(block);
}
