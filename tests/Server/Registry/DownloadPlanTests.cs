using LocalLlm.Server.Registry;
using LocalLlm.Server.Store;
using LocalLlm.Server.Tests.Store;

namespace LocalLlm.Server.Tests.Registry;

/// <summary>Who fetches which bytes.</summary>
public sealed class DownloadPlanTests
{
    private const int Size = 1000;

    private static readonly RegistryOptions s_options = new() { PartBytes = 400, StealBytes = 50, CheckpointBytes = 300 };
    private static readonly byte[] s_bytes = [.. Enumerable.Range(0, Size).Select(i => (byte)i)];

    [Fact]
    public void PartsComeInOrderThenTheLargestRestIsHalved()
    {
        using StoreFixture store = new();
        using PartialBlob blob = Open(store);
        using DownloadPlan plan = new(blob, s_options);
        DownloadPart first = plan.Take()!, second = plan.Take()!, third = plan.Take()!;
        Assert.Equal([(0L, 400L), (400L, 800L), (800L, 1000L)], new[] { first, second, third }.Select(part => (part.Next, part.End)));
        Assert.True(plan.Write(first, s_bytes.AsSpan(0, 300)));
        DownloadPart stolen = plan.Take()!; // of the second, of which all is still to come
        Assert.Equal((600, 800, 600), (stolen.Next, stolen.End, second.End));
        Assert.True(plan.Write(second, s_bytes.AsSpan(400, 150)));
        Assert.False(plan.Write(second, s_bytes.AsSpan(550, 100))); // 50 bytes too many, of another's
        Assert.False(plan.Write(third, s_bytes.AsSpan(800, 200)));
        plan.Finish(third);
        Assert.Equal((300, 700), (plan.Prefix, plan.Completed));
        Assert.False(plan.Write(stolen, s_bytes.AsSpan(600, 200)));
        Assert.False(plan.Write(first, s_bytes.AsSpan(300, 100)));
        Assert.Null(plan.Take());
        Assert.Equal((Size, Size), (plan.Prefix, plan.Completed));
        Assert.Equal(BlobDigest.Of(s_bytes), BlobDigest.Of(Read(blob)));
    }

    [Fact]
    public void WhatIsTooSmallIsNotHalved()
    {
        using StoreFixture store = new();
        using PartialBlob blob = Open(store);
        using DownloadPlan plan = new(blob, s_options with { PartBytes = Size });
        DownloadPart only = plan.Take()!;
        plan.Write(only, s_bytes.AsSpan(0, 901));
        Assert.Null(plan.Take());
        plan.Write(only, s_bytes.AsSpan(901));
        Assert.Equal(Size, plan.Completed);
    }

    [Fact]
    public void TheNextAttemptTakesUpWhatWasNoted()
    {
        using StoreFixture store = new();
        using (PartialBlob blob = Open(store))
        using (DownloadPlan plan = new(blob, s_options))
        {
            DownloadPart first = plan.Take()!, second = plan.Take()!;
            plan.Write(first, s_bytes.AsSpan(0, 200));
            Assert.Equal("", File.ReadAllText(blob.JournalPath)); // not yet worth it
            plan.Write(second, s_bytes.AsSpan(400, 100));
            Assert.Equal("0 200\n400 500\n", File.ReadAllText(blob.JournalPath));
            plan.Write(second, s_bytes.AsSpan(500, 10)); // and this is lost
        }
        using PartialBlob again = Open(store);
        using DownloadPlan next = new(again, s_options);
        Assert.Equal((200, 300), (next.Prefix, next.Completed));
        Assert.Equal([(200L, 400L), (500L, 900L), (900L, 1000L)], Enumerable.Range(0, 3).Select(_ => next.Take()!).Select(part => (part.Next, part.End)));
    }

    [Fact]
    public void RangesJoinAndGapsAreWhatIsBetween()
    {
        ByteRanges ranges = new();
        ranges.Add(10, 20);
        ranges.Add(30, 40);
        ranges.Add(50, 60);
        ranges.Add(7, 7);
        Assert.Equal([(0L, 10L), (20L, 30L), (40L, 50L), (60L, 70L)], ranges.Gaps(0, 70));
        Assert.Equal([(20L, 25L)], ranges.Gaps(15, 25));
        Assert.Empty(ranges.Gaps(12, 18));
        Assert.Equal([(61L, 62L)], ranges.Gaps(61, 62));
        ranges.Add(20, 30); // touches both
        Assert.Equal([(10L, 40L), (50L, 60L)], ranges.All);
        ranges.Add(0, 55);
        Assert.Equal([(0L, 60L)], ranges.All);
        Assert.Equal((60, 60), (ranges.Count, ranges.Prefix));
    }

    private static PartialBlob Open(StoreFixture store) => store.Open().Blobs.OpenPartial(BlobDigest.Of(s_bytes), Size)!;

    private static byte[] Read(PartialBlob blob)
    {
        byte[] bytes = new byte[blob.Size];
        RandomAccess.Read(blob.Handle, bytes, 0);
        return bytes;
    }
}
