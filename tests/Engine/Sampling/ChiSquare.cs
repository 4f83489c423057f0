namespace LocalLlm.Engine.Tests.Sampling;

/// <summary>Pearson's test of counts against probabilities.</summary>
internal static class ChiSquare
{
    /// <summary>
    /// Fails if the counts are further off than chance makes them once in about 10^6 (mean + 5 sigma + 10 of the statistic). Seeds are fixed in the
    /// tests that use it, so it always passes or always fails.
    /// </summary>
    public static void AssertFits(IReadOnlyList<int> counts, IReadOnlyList<double> probabilities)
    {
        int total = counts.Sum();
        double statistic = 0, restExpected = 0;
        int bins = 0, restCount = 0;
        for (int i = 0; i < counts.Count; i++)
        {
            double expected = probabilities[i] * total;
            if (expected >= 5)
            {
                statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
                bins++;
            }
            else
            {
                (restExpected, restCount) = (restExpected + expected, restCount + counts[i]);
            }
        }
        if (restExpected > 0)
        {
            statistic += (restCount - restExpected) * (restCount - restExpected) / restExpected;
            bins++;
        }
        double bound = bins + (5 * Math.Sqrt(2.0 * bins)) + 10;
        Assert.True(statistic < bound, $"chi-square {statistic:F1} over {bins} bins; the bound is {bound:F1}");
    }
}
