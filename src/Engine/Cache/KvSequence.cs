using System.Runtime.InteropServices;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Cache;

/// <summary>
/// The cached positions of one sequence: which blocks of the pool hold its keys and values, in order. Position p lies in block
/// <c>table[p / 32]</c> at slot <c>p mod 32</c>. Blocks may be shared with others; a shared block is copied before a position is added to it.
/// Not safe for several threads.
/// </summary>
public sealed unsafe class KvSequence : IDisposable
{
    private readonly KvBlockAllocator _allocator;
    private readonly KvPool? _pool;
    private readonly int _capacityBlocks;
    private int* _table;      // native, so that kernels can keep pointers into it; [capacityBlocks]
    private int _blocks;

    /// <summary>Starts an empty sequence.</summary>
    /// <param name="allocator">Where blocks come from.</param>
    /// <param name="capacity">Most positions that the sequence may reach.</param>
    /// <param name="pool">The memory of the blocks, to copy shared ones; null where none are shared.</param>
    public KvSequence(KvBlockAllocator allocator, int capacity, KvPool? pool = null)
    {
        _allocator = allocator;
        _pool = pool;
        _capacityBlocks = BlocksFor(capacity);
        _table = (int*)NativeMemory.AllocZeroed((nuint)_capacityBlocks, sizeof(int));
    }

    /// <summary>Positions held: the next token goes to this position.</summary>
    public int Length { get; private set; }

    /// <summary>The number of a block, by its place in the sequence.</summary>
    public int Block(int index) => _table[index];

    /// <summary>Free blocks that <see cref="Extend"/> would take.</summary>
    public int BlocksNeeded(int count) => count == 0 ? 0 : BlocksFor(Length + count) - _blocks + (SharesLast ? 1 : 0);

    /// <summary>Makes room for more positions at the end and counts them as held; they are filled by the forward pass.</summary>
    /// <exception cref="InvalidOperationException">The sequence's capacity or the pool is exhausted; nothing has changed then.</exception>
    public void Extend(int count)
    {
        int needed = BlocksFor(Length + count);
        if (needed > _capacityBlocks || BlocksNeeded(count) > _allocator.FreeBlocks)
        {
            throw new InvalidOperationException($"The KV cache has no room for {Length + count} positions.");
        }
        if (SharesLast && _allocator.TryTake(out int copy))
        {
            _pool!.Copy(_table[_blocks - 1], copy);
            _allocator.Return(_table[_blocks - 1]);
            _table[_blocks - 1] = copy;
        }
        while (_blocks < needed && _allocator.TryTake(out int block))
        {
            _table[_blocks++] = block;
        }
        Length += count;
    }

    /// <summary>Shares a filled block as the sequence's next one.</summary>
    /// <param name="block">Its number.</param>
    /// <param name="positions">How many of its positions count, from the first on.</param>
    /// <exception cref="InvalidOperationException">The sequence does not end with a whole block, or has reached its capacity.</exception>
    public void Adopt(int block, int positions)
    {
        if (Length % KvPool.BlockPositions != 0 || _blocks == _capacityBlocks)
        {
            throw new InvalidOperationException($"A sequence of {Length} positions cannot take another block.");
        }
        _allocator.Share(block);
        _table[_blocks++] = block;
        Length += positions;
    }

    /// <summary>Gives up a block for another with the same content.</summary>
    public void Replace(int index, int block)
    {
        _allocator.Share(block);
        _allocator.Return(_table[index]);
        _table[index] = block;
    }

    /// <summary>Forgets the positions from <paramref name="length"/> on.</summary>
    public void Truncate(int length)
    {
        Length = Math.Min(Length, length);
        int needed = BlocksFor(Length);
        while (_blocks > needed)
        {
            _allocator.Return(_table[--_blocks]);
        }
    }

    /// <summary>Where a token at this position finds its past.</summary>
    public TokenPlace Place(int position) => new(_table, position);

    /// <summary>Gives all blocks back.</summary>
    public void Dispose()
    {
        if (_table is not null)
        {
            Truncate(0);
            NativeMemory.Free(_table);
            _table = null;
        }
    }

    /// <summary>Whether the next position falls into a block that others hold too.</summary>
    private bool SharesLast => Length % KvPool.BlockPositions != 0 && _allocator.Holders(_table[_blocks - 1]) > 1;

    private static int BlocksFor(int positions) => (positions + KvPool.BlockPositions - 1) / KvPool.BlockPositions;
}
