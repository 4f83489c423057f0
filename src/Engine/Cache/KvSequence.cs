using System.Runtime.InteropServices;
using LocalLlm.Kernels;

namespace LocalLlm.Engine.Cache;

/// <summary>
/// The cached positions of one sequence: which blocks of the pool hold its keys and values, in order. Position p lies in block
/// <c>table[p / 32]</c> at slot <c>p mod 32</c>. Not safe for several threads.
/// </summary>
public sealed unsafe class KvSequence : IDisposable
{
    private readonly KvBlockAllocator _allocator;
    private readonly int _capacityBlocks;
    private int* _table;      // native, so that kernels can keep pointers into it; [capacityBlocks]
    private int _blocks;

    /// <summary>Starts an empty sequence.</summary>
    /// <param name="allocator">Where blocks come from.</param>
    /// <param name="capacity">Most positions that the sequence may reach.</param>
    public KvSequence(KvBlockAllocator allocator, int capacity)
    {
        _allocator = allocator;
        _capacityBlocks = (capacity + KvPool.BlockPositions - 1) / KvPool.BlockPositions;
        _table = (int*)NativeMemory.AllocZeroed((nuint)_capacityBlocks, sizeof(int));
    }

    /// <summary>Positions held: the next token goes to this position.</summary>
    public int Length { get; private set; }

    /// <summary>Makes room for more positions at the end and counts them as held; they are filled by the forward pass.</summary>
    /// <exception cref="InvalidOperationException">The sequence's capacity or the pool is exhausted; nothing has changed then.</exception>
    public void Extend(int count)
    {
        int needed = (Length + count + KvPool.BlockPositions - 1) / KvPool.BlockPositions;
        if (needed > _capacityBlocks || needed - _blocks > _allocator.FreeBlocks)
        {
            throw new InvalidOperationException($"The KV cache has no room for {Length + count} positions.");
        }
        while (_blocks < needed && _allocator.TryTake(out int block))
        {
            _table[_blocks++] = block;
        }
        Length += count;
    }

    /// <summary>Forgets the positions from <paramref name="length"/> on.</summary>
    public void Truncate(int length)
    {
        Length = Math.Min(Length, length);
        int needed = (Length + KvPool.BlockPositions - 1) / KvPool.BlockPositions;
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
}
