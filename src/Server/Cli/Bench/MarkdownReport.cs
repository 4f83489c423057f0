using System.Globalization;
using LocalLlm.Engine;
using LocalLlm.Kernels;

namespace LocalLlm.Server.Cli.Bench;

/// <summary>Results as a Markdown table with llama-bench's columns; settings other than the defaults get columns of their own.</summary>
/// <param name="output">Where to.</param>
internal sealed class MarkdownReport(TextWriter output) : IBenchReport
{
    private sealed record Column(string Name, int Width, bool Right, Func<BenchSetting, BenchSamples, string> Cell);

    private readonly List<Column> _columns = [];

    /// <inheritdoc/>
    public void Begin(BenchSetting setting)
    {
        _columns.Add(new("model", Math.Max(30, setting.Model.Length), false, (setting, _) => setting.Model));
        _columns.Add(new("size", 10, true, (setting, _) => Size(setting.Bytes)));
        _columns.Add(new("params", 10, true, (setting, _) => Parameters(setting.Parameters)));
        _columns.Add(new("backend", 10, false, (_, _) => BenchSetting.Backend));
        _columns.Add(new("threads", 7, true, (_, samples) => samples.Test.Threads.ToString(CultureInfo.InvariantCulture)));
        if (setting.Options.Simd != SimdLevels.Best)
        {
            _columns.Add(new("simd", 7, false, (setting, _) => setting.Simd));
        }
        if (setting.Options.KeyValueType != KvType.F16)
        {
            _columns.Add(new("type_k", 6, true, (setting, _) => setting.CacheType));
            _columns.Add(new("type_v", 6, true, (setting, _) => setting.CacheType));
        }
        if (setting.Options.Activations != ActivationType.Q8)
        {
            _columns.Add(new("activations", 11, true, (setting, _) => setting.Activations));
        }
        _columns.Add(new("test", 15, true, (_, samples) => samples.Test.Name));
        _columns.Add(new("t/s", 20, true, (_, samples) => string.Create(CultureInfo.InvariantCulture, $"{samples.MeanSpeed:F2} ± {samples.DeviationSpeed:F2}")));
        WriteRow(column => column.Name);
        output.WriteLine($"| {string.Join(" | ", _columns.Select(column => new string('-', column.Width - (column.Right ? 1 : 0)) + (column.Right ? ":" : "")))} |");
    }

    /// <inheritdoc/>
    public void Add(BenchSetting setting, BenchSamples samples) => WriteRow(column => column.Cell(setting, samples));

    /// <inheritdoc/>
    public void End() => output.WriteLine($"\nbuild: {BenchSetting.Commit} ({BenchSetting.Version}), {ProcessorName.Read()}");

    private void WriteRow(Func<Column, string> cell) =>
        output.WriteLine($"| {string.Join(" | ", _columns.Select(column => column.Right ? cell(column).PadLeft(column.Width) : cell(column).PadRight(column.Width)))} |");

    private static string Size(long bytes) => bytes >= 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):F2} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):F2} MiB");

    private static string Parameters(long count) => count >= 1_000_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{count / 1e9:F2} B")
        : string.Create(CultureInfo.InvariantCulture, $"{count / 1e6:F2} M");
}
