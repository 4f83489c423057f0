using LocalLlm.Server.Configuration;

namespace LocalLlm.Server.Tests.Configuration;

public class GoDurationTests
{
    [Theory]
    [InlineData(0, "0s")]
    [InlineData(1, "100ns")]
    [InlineData(15, "1.5µs")]
    [InlineData(1300790, "130.079ms")]
    [InlineData(10_000_000, "1s")]
    [InlineData(12_345_678, "1.2345678s")]
    [InlineData(600_000_000, "1m0s")]
    [InlineData(905_000_000, "1m30.5s")]
    [InlineData(36_000_000_000, "1h0m0s")]
    [InlineData(-54_000_000_000, "-1h30m0s")]
    public void WritesAsGoDoes(long ticks, string expected)
    {
        Assert.Equal(expected, GoDuration.Format(TimeSpan.FromTicks(ticks)));
        Assert.True(GoDuration.TryParse(expected, out TimeSpan read));
        Assert.Equal(ticks, read.Ticks);
    }
}
