using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace LocalLlm.Bench;

/// <summary>A column of gigabytes (10^9 bytes), or thousands of millions of something else, a second: what one call moves over the mean time that it takes.</summary>
/// <param name="name">Heading; says what is counted.</param>
/// <param name="amount">Bytes a call moves, or things it does, by the benchmark's parameters.</param>
/// <param name="unit">What is counted.</param>
public sealed class ThroughputColumn(string name, Func<BenchmarkCase, long> amount, string unit = "bytes") : IColumn
{
    /// <inheritdoc/>
    public string Id => $"{nameof(ThroughputColumn)}.{name}";

    /// <inheritdoc/>
    public string ColumnName => name;

    /// <inheritdoc/>
    public bool AlwaysShow => true;

    /// <inheritdoc/>
    public ColumnCategory Category => ColumnCategory.Custom;

    /// <inheritdoc/>
    public int PriorityInCategory => 0;

    /// <inheritdoc/>
    public bool IsNumeric => true;

    /// <inheritdoc/>
    public UnitType UnitType => UnitType.Dimensionless;

    /// <inheritdoc/>
    public string Legend => $"{name}: 10^9 {unit} a second at the mean time";

    /// <inheritdoc/>
    public bool IsAvailable(Summary summary) => true;

    /// <inheritdoc/>
    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    /// <inheritdoc/>
    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, summary.Style);

    /// <inheritdoc/>
    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style)
    {
        // So many a nanosecond are so many times 10^9 a second. A benchmark that failed has no statistics.
        double? nanoseconds = summary[benchmarkCase]?.ResultStatistics?.Mean;
        return nanoseconds is { } mean ? (amount(benchmarkCase) / mean).ToString("F2", style.CultureInfo) : "NA";
    }
}
