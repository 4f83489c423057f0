using System.Globalization;

namespace LocalLlm.Load.Http;

/// <summary>The samples of a page in Prometheus' text format.</summary>
internal sealed class MetricsText
{
    private readonly List<(string Name, string Labels, double Value)> _samples = [];

    /// <summary>Reads a page; lines that hold no sample are left out.</summary>
    public static MetricsText Parse(string page)
    {
        MetricsText text = new();
        foreach (string line in page.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            int space = line.LastIndexOf(' ');
            int brace = line.IndexOf('{', StringComparison.Ordinal);
            if (space > 0 && double.TryParse(line[(space + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
            {
                text._samples.Add((line[..(brace < 0 ? space : brace)], brace < 0 ? "" : line[brace..space], value));
            }
        }
        return text;
    }

    /// <summary>The sum of a metric over all its labels; null if there is none of that name.</summary>
    public double? Sum(string name)
    {
        double[] values = [.. _samples.Where(sample => sample.Name == name).Select(sample => sample.Value)];
        return values.Length == 0 ? null : values.Sum();
    }
}
