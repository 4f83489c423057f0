namespace LocalLlm.Server.Cli.Bench;

/// <summary>Results as comma-separated values: a line of names, then a line for each test, all values quoted.</summary>
/// <param name="output">Where to.</param>
internal sealed class CsvReport(TextWriter output) : IBenchReport
{
    private bool _named;

    /// <inheritdoc/>
    public void Begin(BenchSetting setting)
    {
        // The names stand with the first result, which has them.
    }

    /// <inheritdoc/>
    public void Add(BenchSetting setting, BenchSamples samples)
    {
        IReadOnlyList<BenchField> fields = BenchField.Of(setting, samples);
        if (!_named)
        {
            output.WriteLine(string.Join(',', fields.Select(field => field.Name)));
            _named = true;
        }
        output.WriteLine(string.Join(',', fields.Select(field => $"\"{field.Text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")));
    }

    /// <inheritdoc/>
    public void End()
    {
    }
}
