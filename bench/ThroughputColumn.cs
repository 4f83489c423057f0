using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace LocalLlm.Bench;

/// <summary>A column of what a call moves or does over the mean time that it takes.</summary>
/// <param name="name">Heading; says what is counted, and its unit.</param>
/// <param name="amount">How many a call moves or does, by the benchmark.</param>
/// <param name="legend">What is counted, for the legend.</param>
/// <param name="scale">What the heading's unit stands for: 1e9 for GB/s, 1 for tokens/s.</param>
public sealed class ThroughputColumn(string name, Func<BenchmarkCase, double> amount, string legend, double scale = 1e9)
    : MeanColumn(name, $"{legend} a second at the mean time")
{
    /// <inheritdoc/>
    protected override string Format(BenchmarkCase benchmark, double nanoseconds, SummaryStyle style) =>
        (amount(benchmark) / nanoseconds * (1e9 / scale)).ToString("F2", style.CultureInfo);
}
