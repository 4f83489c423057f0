using System.Globalization;

namespace LocalLlm.Kernels.Tests;

/// <summary>Rows of test numbers, the same in every run, and their comparison bit by bit.</summary>
internal static class Rows
{
    /// <summary>Numbers spread evenly over -size..size.</summary>
    public static float[] Uniform(int seed, int length, float size = 1)
    {
        Random random = new(seed);
        float[] row = new float[length];
        for (int i = 0; i < length; i++)
        {
            row[i] = ((random.NextSingle() * 2) - 1) * size;
        }
        return row;
    }

    /// <summary>
    /// Numbers of both signs with exponents from 2^-range to 2^range, a zero of either sign now and then: sums of them round in every step,
    /// so that another order of additions shows.
    /// </summary>
    public static float[] Wide(int seed, int length, int range = 12)
    {
        Random random = new(seed);
        float[] row = new float[length];
        for (int i = 0; i < length; i++)
        {
            float number = (random.NextSingle() + 1) * MathF.Pow(2, random.Next(-range, range + 1));
            row[i] = random.Next(40) switch { 0 => 0.0f, 1 => -0.0f, int n => n % 2 == 0 ? number : -number };
        }
        return row;
    }

    /// <summary>Lengths 1 to 100 and a few longer ones on both sides of multiples of 16 and of a piece of work.</summary>
    public static IEnumerable<int> Lengths => [.. Enumerable.Range(1, 100), 127, 128, 129, 255, 576, 1023, 1024, 1025, 4099];

    /// <summary>Fails at the first number whose bits differ; any two NaNs count as the same.</summary>
    public static void AssertSameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what = "")
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i])
                && !(float.IsNaN(expected[i]) && float.IsNaN(actual[i])))
            {
                Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"{what}: number {i} of {expected.Length} should be {expected[i]:R}, is {actual[i]:R}"));
            }
        }
    }
}
