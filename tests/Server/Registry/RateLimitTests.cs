using LocalLlm.Server.Registry;

namespace LocalLlm.Server.Tests.Registry;

/// <summary>Waits that keep a download to its rate, by a clock of the test's own.</summary>
public sealed class RateLimitTests
{
    [Fact]
    public void DebtIsPaidAndIdleTimeIsNotSavedUp()
    {
        Clock clock = new();
        RateLimit limit = new(10_000, clock);
        Assert.Equal(1024, limit.ReadBytes);
        Assert.Equal(TimeSpan.Zero, limit.Take(1000)); // what it begins with
        Assert.Equal(TimeSpan.FromSeconds(0.1), limit.Take(1000));
        Assert.Equal(TimeSpan.FromSeconds(0.3), limit.Take(2000)); // another connection waits for both
        clock.Now += TimeSpan.FromSeconds(0.3);
        Assert.Equal(TimeSpan.FromSeconds(0.05), limit.Take(500));
        clock.Now += TimeSpan.FromMinutes(1);
        Assert.Equal(TimeSpan.Zero, limit.Take(1000));
        Assert.Equal(TimeSpan.FromSeconds(0.1), limit.Take(1000));
        Assert.Equal(1 << 20, new RateLimit(10 << 20, clock).ReadBytes);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
