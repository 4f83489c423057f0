namespace LocalLlm.Server.Cli.Bench;

/// <summary>The repetitions of a test.</summary>
/// <param name="Test">What was measured.</param>
/// <param name="Started">When, UTC.</param>
/// <param name="Nanoseconds">Time of each repetition; at least one.</param>
internal sealed record BenchSamples(BenchTest Test, DateTime Started, IReadOnlyList<long> Nanoseconds)
{
    /// <summary>Tokens a second of each repetition.</summary>
    public IReadOnlyList<double> TokensPerSecond { get; } = [.. Nanoseconds.Select(time => 1e9 * Test.Tokens / time)];

    /// <summary>Mean of the times.</summary>
    public double MeanNanoseconds => Nanoseconds.Average();

    /// <summary>Sample standard deviation of the times; 0 for a single one.</summary>
    public double DeviationNanoseconds => Deviation([.. Nanoseconds.Select(time => (double)time)]);

    /// <summary>Mean of the speeds.</summary>
    public double MeanSpeed => TokensPerSecond.Average();

    /// <summary>Sample standard deviation of the speeds; 0 for a single one.</summary>
    public double DeviationSpeed => Deviation(TokensPerSecond);

    private static double Deviation(IReadOnlyList<double> values)
    {
        double mean = values.Average();
        return values.Count < 2 ? 0 : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }
}
