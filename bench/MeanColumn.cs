using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace LocalLlm.Bench;

/// <summary>A column made of the mean time of a benchmark.</summary>
/// <param name="name">Heading.</param>
/// <param name="legend">What it says.</param>
public abstract class MeanColumn(string name, string legend) : IColumn
{
    /// <inheritdoc/>
    public string Id => $"{GetType().Name}.{name}";

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
    public string Legend => legend;

    /// <inheritdoc/>
    public bool IsAvailable(Summary summary) => true;

    /// <inheritdoc/>
    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    /// <inheritdoc/>
    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, summary.Style);

    /// <summary>The cell; a benchmark that failed has no mean time and gets <c>NA</c>.</summary>
    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) =>
        summary[benchmarkCase]?.ResultStatistics?.Mean is { } mean ? Format(benchmarkCase, mean, style) : "NA";

    /// <summary>The cell of a benchmark that ran.</summary>
    /// <param name="benchmark">The benchmark.</param>
    /// <param name="nanoseconds">Its mean time.</param>
    /// <param name="style">How numbers are written.</param>
    protected abstract string Format(BenchmarkCase benchmark, double nanoseconds, SummaryStyle style);
}
