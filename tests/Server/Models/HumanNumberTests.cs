using LocalLlm.Server.Models;

namespace LocalLlm.Server.Tests.Models;

public sealed class HumanNumberTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(999, "999")]
    [InlineData(1_000, "1K")]
    [InlineData(26_500, "26K")]
    [InlineData(1_000_000, "1M")]
    [InlineData(500_500_000, "500.50M")]
    [InlineData(134_515_008, "134.52M")]
    [InlineData(7_000_000_000, "7B")]
    [InlineData(7_615_616_512, "7.6B")]
    [InlineData(671_026_419_200, "671.0B")]
    public void WritesCountsOfWeights(long count, string text) => Assert.Equal(text, HumanNumber.Of(count));
}
