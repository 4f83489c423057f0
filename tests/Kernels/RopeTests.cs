namespace LocalLlm.Kernels.Tests;

public sealed class RopeTests
{
    private const int Tokens = 5, Heads = 3;

    public static TheoryData<SimdLevel, RopePairing> LevelsAndPairings()
    {
        TheoryData<SimdLevel, RopePairing> data = [];
        foreach (SimdLevel level in Levels.Run)
        {
            data.Add(level, RopePairing.Adjacent);
            data.Add(level, RopePairing.Halves);
        }
        return data;
    }

    [Theory, MemberData(nameof(LevelsAndPairings))]
    public void Every_level_gives_the_bits_of_the_scalar_one(SimdLevel level, RopePairing pairing)
    {
        using WorkerPool one = new(1), two = new(2);
        for (int ropeDim = 2; ropeDim <= 140; ropeDim += 2)
        {
            int headDim = ropeDim + (ropeDim % 3);
            float[] x = Rows.Wide(ropeDim, Tokens * Heads * headDim), cosSin = CosSin(ropeDim), expected = [.. x];
            new CpuOps(SimdLevel.Scalar, one).Rope(expected, cosSin, Tokens, Heads, headDim, ropeDim, pairing);
            new CpuOps(level, two).Rope(x, cosSin, Tokens, Heads, headDim, ropeDim, pairing);
            Rows.AssertSameBits(expected, x, $"ropeDim {ropeDim}");
        }
    }

    [Theory, MemberData(nameof(LevelsAndPairings))]
    public void Turns_the_pairs_as_complex_numbers_and_nothing_else(SimdLevel level, RopePairing pairing)
    {
        using WorkerPool pool = new(1);
        const int ropeDim = 48, headDim = 80, half = ropeDim / 2;
        float[] x = Rows.Uniform(1, Tokens * Heads * headDim), cosSin = CosSin(ropeDim), y = [.. x];
        new CpuOps(level, pool).Rope(y, cosSin, Tokens, Heads, headDim, ropeDim, pairing);
        for (int head = 0; head < Tokens * Heads; head++)
        {
            ReadOnlySpan<float> before = x.AsSpan(head * headDim, headDim), after = y.AsSpan(head * headDim, headDim);
            ReadOnlySpan<float> angles = cosSin.AsSpan(head / Heads * ropeDim, ropeDim);
            Rows.AssertSameBits(before[ropeDim..], after[ropeDim..], "the rest of the head");
            for (int i = 0; i < half; i++)
            {
                (int a, int b) = pairing == RopePairing.Adjacent ? (2 * i, (2 * i) + 1) : (i, i + half);
                System.Numerics.Complex turned = new System.Numerics.Complex(before[a], before[b]) * new System.Numerics.Complex(angles[i], angles[half + i]);
                Assert.Equal(turned.Real, after[a], 3e-7);
                Assert.Equal(turned.Imaginary, after[b], 3e-7);
            }
        }
    }

    /// <summary>Cosines and sines of other angles for every token and pair, [Tokens, ropeDim].</summary>
    private static float[] CosSin(int ropeDim)
    {
        float[] cosSin = new float[Tokens * ropeDim];
        for (int token = 0; token < Tokens; token++)
        {
            for (int i = 0; i < ropeDim / 2; i++)
            {
                double angle = (token + 17) * Math.Pow(10_000, -2.0 * i / ropeDim);
                cosSin[(token * ropeDim) + i] = (float)Math.Cos(angle);
                cosSin[(token * ropeDim) + (ropeDim / 2) + i] = (float)Math.Sin(angle);
            }
        }
        return cosSin;
    }
}
