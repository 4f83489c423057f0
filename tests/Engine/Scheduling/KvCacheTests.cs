using LocalLlm.Engine.Cache;
using LocalLlm.Kernels;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Scheduling;

/// <summary>Blocks are shared, copied, kept and given back, and always add up.</summary>
public sealed unsafe class KvCacheTests
{
    private const int Block = KvPool.BlockPositions;

    [Fact]
    public void APrefixIsSharedUpToTheLastTokenAndABlockInTheMiddleIsCopied()
    {
        using KvCache cache = Cache(16);
        int[] text = [.. Enumerable.Range(0, (2 * Block) + 10)];
        using (CachedSequence first = Fill(cache, text))
        {
            first.PublishAll(text);
        }
        Assert.Equal((3, 13), (cache.Allocator.IdleBlocks, cache.Allocator.FreeBlocks));

        using CachedSequence same = new(cache, 200), longer = new(cache, 200), other = new(cache, 200);
        same.Adopt(text);
        Assert.Equal(text.Length - 1, same.Length);
        longer.Adopt([.. text, 500, 501]);
        Assert.Equal(text.Length, longer.Length);
        Assert.Equal(same.Positions.Block(2), longer.Positions.Block(2));
        other.Adopt([.. text.Take(Block + 5), 900, 901, 902]);
        Assert.Equal(Block + 5, other.Length);
        Assert.Equal(0, cache.Allocator.IdleBlocks);

        // Going on in a shared block takes a copy with the same content, which others do not see.
        *cache.Pool.Keys(0, longer.Positions.Block(2), 0) = 77;
        Assert.Equal(1, longer.Positions.BlocksNeeded(1));
        longer.Positions.Extend(1);
        Assert.NotEqual(same.Positions.Block(2), longer.Positions.Block(2));
        Assert.Equal(77, *cache.Pool.Keys(0, longer.Positions.Block(2), 0));
        *cache.Pool.Keys(0, longer.Positions.Block(2), 0) = 78;
        Assert.Equal(77, *cache.Pool.Keys(0, same.Positions.Block(2), 0));
    }

    [Fact]
    public void TheSameBlockFilledTwiceIsKeptOnce()
    {
        using KvCache cache = Cache(16);
        int[] text = [.. Enumerable.Range(0, 2 * Block)];
        using CachedSequence one = Fill(cache, text), two = Fill(cache, text);
        Assert.Equal(12, cache.Allocator.FreeBlocks);
        one.Publish(text);
        two.Publish(text);
        Assert.Equal(14, cache.Allocator.FreeBlocks);
        Assert.Equal(one.Positions.Block(1), two.Positions.Block(1));
    }

    [Fact]
    public void TheLeastRecentlyUsedMakesWayAndNeverOneInUse()
    {
        using KvCache cache = Cache(6);
        int[][] texts = [.. Enumerable.Range(0, 3).Select(i => Enumerable.Range(1000 * i, 2 * Block).ToArray())];
        foreach (int[] text in texts)
        {
            using CachedSequence sequence = Fill(cache, text);
            sequence.PublishAll(text);
        }
        using CachedSequence user = new(cache, 100);
        user.Adopt([.. texts[0], 1]);
        Assert.Equal(2 * Block, user.Length);
        Assert.True(cache.TryReserve(2));
        Assert.Equal((2, 2L), (cache.Allocator.FreeBlocks, cache.Prefixes.Evicted));
        using (CachedSequence gone = new(cache, 100), still = new(cache, 100))
        {
            gone.Adopt([.. texts[1], 1]);
            still.Adopt([.. texts[2], 1]);
            Assert.Equal((0, 2 * Block), (gone.Length, still.Length));
            Assert.False(cache.TryReserve(3));
        }
        Assert.True(cache.TryReserve(4));
        Assert.False(cache.TryReserve(5));
    }

    [Fact]
    public void WhateverHappensBlocksAddUp()
    {
        using KvCache cache = Cache(40);
        Random random = new(3);
        List<(CachedSequence Sequence, List<int> Tokens)> active = [];
        for (int step = 0; step < 3000; step++)
        {
            int choice = random.Next(10);
            if (choice < 3 && active.Count < 6)
            {
                List<int> tokens = [.. Enumerable.Repeat(random.Next(3), random.Next(1, 90)), random.Next(5), random.Next(5)];
                CachedSequence sequence = new(cache, 300);
                sequence.Adopt([.. tokens]);
                tokens.RemoveRange(sequence.Length, tokens.Count - sequence.Length);
                active.Add((sequence, tokens));
            }
            else if (active.Count > 0)
            {
                (CachedSequence sequence, List<int> tokens) = active[random.Next(active.Count)];
                int more = random.Next(1, 40);
                if (choice < 7 && sequence.Length + more <= 300 && cache.TryReserve(sequence.Positions.BlocksNeeded(more)))
                {
                    sequence.Positions.Extend(more);
                    tokens.AddRange(Enumerable.Range(0, more).Select(_ => random.Next(3)));
                    sequence.Publish([.. tokens]);
                }
                else if (choice == 7)
                {
                    int length = random.Next(sequence.Length + 1);
                    sequence.Truncate(length);
                    tokens.RemoveRange(length, tokens.Count - length);
                }
                else if (choice > 7)
                {
                    sequence.PublishAll([.. tokens]);
                    sequence.Dispose();
                    active.RemoveAll(entry => entry.Sequence == sequence);
                }
            }
            HashSet<int> held = [.. active.SelectMany(entry => Enumerable.Range(0, (entry.Sequence.Length + Block - 1) / Block).Select(entry.Sequence.Positions.Block))];
            Assert.Equal(40, held.Count + cache.AvailableBlocks);
        }
        active.ForEach(entry => entry.Sequence.Dispose());
        Assert.Equal(40, cache.AvailableBlocks);
        Assert.True(cache.TryReserve(40));
    }

    private static CachedSequence Fill(KvCache cache, int[] text)
    {
        CachedSequence sequence = new(cache, 200);
        sequence.Positions.Extend(text.Length);
        return sequence;
    }

    private static KvCache Cache(int blocks)
    {
        using LanguageModel model = LanguageModel.Load(RepoPaths.Vector("models", "qwen3-f16.gguf"), new ModelOptions { Threads = 1 });
        return new KvCache(model.Config, KvType.F16, blocks);
    }
}
