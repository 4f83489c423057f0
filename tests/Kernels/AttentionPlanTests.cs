namespace LocalLlm.Kernels.Tests;

/// <summary>How a call is cut into work. The bits cannot tell, by law: these tests see that the cuts are made.</summary>
public sealed unsafe class AttentionPlanTests
{
    [Fact]
    public void Prefill_goes_in_groups_of_at_most_128_rows()
    {
        AttentionPlan plan = Plan(kvHeads: 8, headsPerKv: 2, threads: 2, [512], [512]);
        Assert.Equal(8, plan.Groups.Count);
        Assert.All(plan.Groups, group => Assert.Equal(64, group.Count));
        Assert.Equal(128, plan.MaxRows);
        Assert.Empty(plan.SplitGroups);
    }

    [Fact]
    public void A_deep_token_is_split_when_there_are_more_threads_than_kv_heads_feed()
    {
        AttentionPlan plan = Plan(kvHeads: 1, headsPerKv: 8, threads: 4, [4096], [1]);
        Assert.Equal([0], plan.SplitGroups);
        Assert.Equal(16, plan.Ranges.Count);
        Assert.Equal(Enumerable.Range(0, 16).Select(i => new TileRange(0, 2 * i, (2 * i) + 2)), plan.Ranges);
        Assert.Equal(32 * TileSums.Floats(8, 16), plan.PartialFloats);
    }

    [Fact]
    public void One_thread_splits_nothing()
    {
        AttentionPlan plan = Plan(kvHeads: 1, headsPerKv: 1, threads: 1, [100_000], [1]);
        Assert.Empty(plan.SplitGroups);
        Assert.Equal([new TileRange(0, 0, 782)], plan.Ranges);
    }

    [Fact]
    public void Sequences_never_share_a_group_and_every_tile_comes_once()
    {
        AttentionPlan plan = Plan(kvHeads: 2, headsPerKv: 4, threads: 8, [900, 10, 3000], [1, 5, 40]);
        Assert.Equal(46, plan.Groups.Sum(group => group.Count));
        Assert.Equal([0, 1], plan.Groups.Take(2).Select(group => group.First));
        for (int i = 0; i < plan.Groups.Count; i++)
        {
            int[] tiles = [.. plan.Ranges.Where(range => range.Group == i).OrderBy(range => range.Begin).SelectMany(range => Enumerable.Range(range.Begin, range.End - range.Begin))];
            Assert.Equal(Enumerable.Range(0, plan.Groups[i].Tiles), tiles);
        }
    }

    [Fact]
    public void Partial_results_stay_within_their_limit()
    {
        AttentionPlan plan = Plan(kvHeads: 8, headsPerKv: 16, threads: 64, [.. Enumerable.Repeat(1_000_000, 8)], [.. Enumerable.Repeat(1, 8)]);
        Assert.InRange(plan.SplitGroups.Count, 1, 7);
        Assert.InRange(plan.PartialFloats, 1, 64 << 20);
    }

    /// <summary>The plan for the last tokens of some sequences: so many positions each, so many of them in the batch.</summary>
    private static AttentionPlan Plan(int kvHeads, int headsPerKv, int threads, int[] positions, int[] tokens)
    {
        using KvPool pool = new(1, kvHeads, 16, 16, KvType.F16, 1);
        List<TokenPlace> places = [];
        for (int i = 0; i < positions.Length; i++)
        {
            for (int position = positions[i] - tokens[i]; position < positions[i]; position++)
            {
                places.Add(new TokenPlace((int*)(i + 1), position)); // a plan only compares the addresses
            }
        }
        AttentionCall call = new() { Kv = pool, Heads = kvHeads * headsPerKv };
        AttentionPlan plan = new();
        plan.Build(call, places.ToArray(), threads);
        return plan;
    }
}
