namespace LocalLlm.Kernels.Tests;

/// <summary>Comparison of floats by their bits; one NaN is as good as another.</summary>
public static class Bits
{
    public static void Equal(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i])
                && !(float.IsNaN(expected[i]) && float.IsNaN(actual[i])))
            {
                Assert.Fail($"{what}: value {i} of {expected.Length} is {actual[i]:R}, not {expected[i]:R}.");
            }
        }
    }
}
