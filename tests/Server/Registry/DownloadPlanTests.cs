using LocalLlm.Server.Registry;
using LocalLlm.Server.Store;
using LocalLlm.Server.Tests.Store;

namespace LocalLlm.Server.Tests.Registry;

/// <summary>Who fetches which bytes.</summary>
public sealed class DownloadPlanTests
{
    private const int Size = 1000;

    private static readonly RegistryOptions s_options = new()
    {
        Streams = 1,
        PartBytes = 400,
        StealBytes = 50,
        CheckpointBytes = 300,
        StealAfter = TimeSpan.FromSeconds(3),
        TakeOverAfter = TimeSpan.FromSeconds(5),
    };

    private static readonly byte[] s_bytes = [.. Enumerable.Range(0, Size).Select(i => (byte)i)];

    private readonly Clock _clock = new();

    [Fact]
    public void PartsComeInOrderAndSmallerTowardsTheEnd()
    {
        using StoreFixture store = new();
        using PartialBlob blob = Open(store);
        using DownloadPlan plan = new(blob, s_options with { Streams = 2 });
        Assert.Equal([(0, 250), (250, 437), (437, 577), (577, 682), (682, 782), (782, 882), (882, 1000)], Spans(plan, 7));
        Assert.Null(plan.Take());
    }

    [Fact]
    public void HalfOfWhatTakesLongIsTaken()
    {
        using StoreFixture store = new();
        using PartialBlob blob = Open(store);
        using DownloadPlan plan = new(blob, s_options, _clock);
        DownloadPart first = plan.Take()!, second = plan.Take()!, third = plan.Take()!, fourth = plan.Take()!, fifth = plan.Take()!;
        Assert.Equal([(0L, 400L), (400L, 700L), (700L, 850L), (850L, 950L), (950L, 1000L)], new[] { first, second, third, fourth, fifth }.Select(part => (part.Next, part.End)));
        _clock.Now += TimeSpan.FromSeconds(2);
        Assert.True(plan.Write(first, s_bytes.AsSpan(0, 300)));
        Assert.True(plan.Write(second, s_bytes.AsSpan(400, 100)));
        Assert.False(plan.Write(third, s_bytes.AsSpan(700, 150)));
        Assert.False(plan.Write(fourth, s_bytes.AsSpan(850, 100)));
        Assert.False(plan.Write(fifth, s_bytes.AsSpan(950, 50)));
        plan.Finish(third);
        plan.Finish(fourth);
        plan.Finish(fifth);
        DownloadPart stolen = plan.Take()!; // of the second, which has 200 bytes to go at 50 a second
        Assert.Equal((600, 700, 600), (stolen.Next, stolen.End, second.End));
        Assert.Null(plan.Take()); // the first has 100 to go, in less than a second
        Assert.True(plan.Write(second, s_bytes.AsSpan(500, 50)));
        Assert.False(plan.Write(second, s_bytes.AsSpan(550, 100))); // 50 bytes too many, of another's
        Assert.Equal((300, 800), (plan.Prefix, plan.Completed));
        Assert.False(plan.Write(stolen, s_bytes.AsSpan(600, 100)));
        Assert.False(plan.Write(first, s_bytes.AsSpan(300, 100)));
        Assert.True(plan.IsComplete);
        Assert.Equal(BlobDigest.Of(s_bytes), BlobDigest.Of(Read(blob)));
    }

    [Fact]
    public void AllOfASilentConnectionIsTakenWithItsFailures()
    {
        using StoreFixture store = new();
        using PartialBlob blob = Open(store);
        using DownloadPlan plan = new(blob, s_options with { PartBytes = Size, StealBytes = 500 }, _clock);
        DownloadPart only = plan.Take()!;
        plan.Write(only, s_bytes.AsSpan(0, 990));
        only.Failures = 3;
        _clock.Now += TimeSpan.FromSeconds(4);
        Assert.Null(plan.Take());
        _clock.Now += TimeSpan.FromSeconds(1);
        DownloadPart taken = plan.Take()!;
        Assert.Equal((990, 1000, 3, 990), (taken.Next, taken.End, taken.Failures, only.End));
        Assert.False(plan.Write(only, s_bytes.AsSpan(990))); // it wakes up, too late
        Assert.Equal(990, plan.Completed);
        Assert.Null(plan.Take());
        Assert.False(plan.Write(taken, s_bytes.AsSpan(990)));
        Assert.True(plan.IsComplete);
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
        Assert.Equal([(200, 400), (500, 750), (750, 875), (875, 1000)], Spans(next, 4));
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

    private static (int, int)[] Spans(DownloadPlan plan, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => plan.Take()!).Select(part => ((int)part.Next, (int)part.End))];

    private static PartialBlob Open(StoreFixture store) => store.Open().Blobs.OpenPartial(BlobDigest.Of(s_bytes), Size)!;

    private static byte[] Read(PartialBlob blob)
    {
        byte[] bytes = new byte[blob.Size];
        RandomAccess.Read(blob.Handle, bytes, 0);
        return bytes;
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
