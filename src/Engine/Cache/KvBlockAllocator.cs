namespace LocalLlm.Engine.Cache;

/// <summary>
/// Hands out the blocks of a <see cref="LocalLlm.Kernels.KvPool"/> and counts who holds each: sequences, and the prefix cache, which keeps blocks that nobody
/// uses for those who may come. Not safe for several threads.
/// </summary>
public sealed class KvBlockAllocator
{
    private readonly Stack<int> _free;
    private readonly int[] _holders;
    private readonly bool[] _kept;

    /// <summary>Starts with all blocks free.</summary>
    public KvBlockAllocator(int blocks)
    {
        // Lowest numbers on top: memory that was touched before is used again before untouched memory costs its first page.
        _free = new Stack<int>(Enumerable.Range(0, blocks).Reverse());
        _holders = new int[blocks];
        _kept = new bool[blocks];
    }

    /// <summary>All blocks.</summary>
    public int Blocks => _holders.Length;

    /// <summary>Blocks that nobody holds.</summary>
    public int FreeBlocks => _free.Count;

    /// <summary>Blocks that were ever taken.</summary>
    public int Touched { get; private set; }

    /// <summary>Blocks that only the prefix cache holds.</summary>
    public int IdleBlocks { get; private set; }

    /// <summary>How many hold a block, the prefix cache included.</summary>
    public int Holders(int block) => _holders[block];

    /// <summary>Takes a block; false if none is free.</summary>
    public bool TryTake(out int block)
    {
        if (!_free.TryPop(out block))
        {
            return false;
        }
        _holders[block] = 1;
        Touched = Math.Max(Touched, block + 1); // The lowest numbers go first.
        return true;
    }

    /// <summary>Holds a block that somebody holds already.</summary>
    public void Share(int block)
    {
        IdleBlocks -= IsIdle(block) ? 1 : 0;
        _holders[block]++;
    }

    /// <summary>Lets a block go.</summary>
    public void Return(int block)
    {
        _holders[block]--;
        if (_holders[block] == 0)
        {
            _free.Push(block);
        }
        IdleBlocks += IsIdle(block) ? 1 : 0;
    }

    /// <summary>The prefix cache holds a block from now on, beside the sequence that filled it.</summary>
    public void Keep(int block)
    {
        Share(block);
        _kept[block] = true;
    }

    /// <summary>The prefix cache lets a block go.</summary>
    public void Drop(int block)
    {
        IdleBlocks -= IsIdle(block) ? 1 : 0;
        _kept[block] = false;
        Return(block);
    }

    private bool IsIdle(int block) => _kept[block] && _holders[block] == 1;
}
