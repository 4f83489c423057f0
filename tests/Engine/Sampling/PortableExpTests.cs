using LocalLlm.Engine.Sampling;

namespace LocalLlm.Engine.Tests.Sampling;

public class PortableExpTests
{
    [Fact]
    public void IsWithinTwoUlpOfTheLibrarys()
    {
        Random random = new(8);
        for (int i = 0; i < 200_000; i++)
        {
            double x = i % 2 == 0 ? -random.NextDouble() * 50 : (random.NextDouble() * 1400) - 700;
            double expected = Math.Exp(x);
            Assert.InRange(PortableExp.Of(x), expected - (2 * Math.BitIncrement(expected) - 2 * expected), expected + (2 * Math.BitIncrement(expected) - 2 * expected));
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-708.5, 0)]
    [InlineData(-1e300, 0)]
    [InlineData(double.NegativeInfinity, 0)]
    public void IsExactWhereItMustBe(double x, double expected) => Assert.Equal(expected, PortableExp.Of(x));
}
