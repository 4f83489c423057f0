using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Tests;

public class SimdLevelsTests
{
    [Fact]
    public void TheLevelAskedForIsInForce()
    {
        // LOCALLLM_SIMD names one level in a continuous run of each; a typo or a level that this machine lacks must not pass as another one.
        if (Levels.Asked is { } asked && !asked.Equals("auto", StringComparison.OrdinalIgnoreCase))
        {
            Assert.Equal(asked, SimdLevels.Name(Levels.InForce));
            Assert.Equal([Levels.InForce], Levels.Run);
        }
        else
        {
            Assert.Equal(SimdLevels.Best, Levels.InForce);
        }
        using WorkerPool pool = new(1);
        Assert.Equal(Levels.InForce, new CpuOps(Levels.InForce, pool).Level);
    }

    [Fact]
    public void SupportedIsAscendingAndHoldsScalar()
    {
        Assert.Equal(SimdLevel.Scalar, SimdLevels.Supported[0]);
        Assert.Equal(SimdLevels.Supported.Order(), SimdLevels.Supported);
        Assert.Equal(SimdLevels.Supported[^1], SimdLevels.Best);
        Assert.Equal(Avx2.IsSupported && Fma.IsSupported, SimdLevels.Supported.Contains(SimdLevel.Avx2));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" auto ")]
    [InlineData("AUTO")]
    public void NoChoiceIsTheBest(string? text) => Assert.Equal(SimdLevels.Best, SimdLevels.Parse(text));

    [Fact]
    public void NamesRoundTrip()
    {
        foreach (SimdLevel level in SimdLevels.Supported)
        {
            Assert.Equal(level, SimdLevels.Parse(SimdLevels.Name(level)));
            Assert.Equal(level, SimdLevels.Parse(SimdLevels.Name(level).ToUpperInvariant()));
        }
        Assert.Equal(["scalar", "avx2", "avxvnni", "avx512", "avx512vnni"], Enum.GetValues<SimdLevel>().Select(SimdLevels.Name));
    }

    [Fact]
    public void AnUnknownLevelIsRefusedWithWhatCanRun()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => SimdLevels.Parse("sse9"));
        Assert.Contains("'sse9'", e.Message);
        Assert.Contains("auto, scalar", e.Message);
    }

    [Fact]
    public void ALevelThatCannotRunIsRefused()
    {
        using WorkerPool pool = new(1);
        foreach (SimdLevel level in Enum.GetValues<SimdLevel>().Except(SimdLevels.Supported))
        {
            Assert.Contains("can't run", Assert.Throws<ArgumentException>(() => SimdLevels.Parse(SimdLevels.Name(level))).Message);
            Assert.Throws<ArgumentException>(() => new CpuOps(level, pool));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => new CpuOps((SimdLevel)99, pool));
    }
}
