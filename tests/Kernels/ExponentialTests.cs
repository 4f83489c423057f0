using System.Globalization;

namespace LocalLlm.Kernels.Tests;

public sealed unsafe class ExponentialTests
{
    /// <summary>Every exponent and sign, 2048 fractions each: 2^20 bit patterns, NaNs, infinities and subnormals among them.</summary>
    private static float[] AllExponents()
    {
        float[] xs = new float[1 << 20];
        uint state = 1;
        for (int i = 0; i < xs.Length; i++)
        {
            state = (state * 1664525) + 1013904223;
            uint fraction = (i % 2048) switch { 0 => 0u, 1 => 0x7F_FFFFu, 2 => 1u, _ => state >> 9 };
            xs[i] = BitConverter.UInt32BitsToSingle(((uint)(i / 2048) << 23) | fraction);
        }
        return xs;
    }

    /// <summary>Every 61st float32 of those whose exponential is neither 0, 1 nor infinite, dense where scores lie.</summary>
    private static float[] Interesting()
    {
        List<float> xs = [];
        for (uint bits = BitConverter.SingleToUInt32Bits(1e-3f); bits < BitConverter.SingleToUInt32Bits(90f); bits += 61)
        {
            xs.Add(BitConverter.UInt32BitsToSingle(bits));
            xs.Add(-BitConverter.UInt32BitsToSingle(bits));
        }
        return [.. xs];
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Every_level_gives_the_bits_of_the_scalar_one(SimdLevel level)
    {
        float[] xs = [.. AllExponents(), .. Interesting()];
        Rows.AssertSameBits(Exp(SimdLevel.Scalar, xs), Exp(level, xs), "exp");
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void At_most_2_ulp_from_the_true_value(SimdLevel level)
    {
        float[] xs = Interesting();
        float[] es = Exp(level, xs);
        double worst = 0;
        for (int i = 0; i < xs.Length; i++)
        {
            if (xs[i] >= Exponential.Lowest && xs[i] <= Exponential.Highest)
            {
                double truth = Math.Exp(xs[i]);
                double error = Math.Abs(es[i] - truth) / (MathF.BitIncrement((float)truth) - (float)truth);
                worst = Math.Max(worst, error);
            }
        }
        Assert.True(worst <= 2, string.Create(CultureInfo.InvariantCulture, $"{worst} ulp"));
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Limits(SimdLevel level)
    {
        float low = -87.33654f, high = 88.72283f;
        float[] xs =
        [
            0, -0.0f, low, MathF.BitDecrement(low), high, MathF.BitIncrement(high), float.NegativeInfinity, float.PositiveInfinity,
            float.MinValue, float.MaxValue, float.Epsilon, -float.Epsilon, float.NaN, -float.NaN,
        ];
        float[] es = Exp(level, xs);
        Assert.Equal(1, es[0]);
        Assert.Equal(1, es[1]);
        Assert.True(float.IsNormal(es[2]));
        Assert.Equal(0, es[3]);
        Assert.True(float.IsFinite(es[4]) && es[4] > 3.4027e38f);
        Assert.Equal([float.PositiveInfinity, 0, float.PositiveInfinity, 0, float.PositiveInfinity, 1, 1, float.NaN, float.NaN], es[5..]);
    }

    [Fact]
    public void Of_one_number_is_what_every_lane_gives()
    {
        float[] xs = Interesting();
        float[] one = [.. xs.Select(x => Exponential.Exp(x))];
        Rows.AssertSameBits(Exp(SimdLevel.Scalar, xs), one);
    }

    private static float[] Exp(SimdLevel level, float[] xs)
    {
        float[] es = [.. xs];
        LevelLanes.Run(level, new ExpBody(es));
        return es;
    }

    private readonly struct ExpBody(float[] xs) : ILaneBody
    {
        public void Run<TLanes>()
            where TLanes : unmanaged, IFloatLanes<TLanes>
        {
            fixed (float* x = xs)
            {
                Softmax.Exponentiate<TLanes>(x, xs.Length, 0); // x - 0 is x
            }
        }
    }
}
