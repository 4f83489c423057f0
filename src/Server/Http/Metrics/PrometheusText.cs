using System.Globalization;
using System.Text;

namespace LocalLlm.Server.Http.Metrics;

/// <summary>
/// Prometheus' text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/): for each metric a line of help, one of its
/// type, and one for each sample.
/// </summary>
internal static class PrometheusText
{
    /// <summary>The format's content type.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>A page.</summary>
    public static string Write(IEnumerable<MetricFamily> families)
    {
        StringBuilder page = new();
        foreach (MetricFamily family in families)
        {
            page.Append("# HELP ").Append(family.Name).Append(' ').Append(EscapeHelp(family.Help)).Append('\n');
            page.Append("# TYPE ").Append(family.Name).Append(' ').Append(NameOf(family.Kind)).Append('\n');
            foreach (MetricSample sample in family.Samples)
            {
                if (family.Kind == MetricKind.Histogram)
                {
                    AppendHistogram(page, family.Name, sample);
                }
                else
                {
                    AppendSample(page, family.Name, sample.Labels, null, sample.Value);
                }
            }
        }
        return page.ToString();
    }

    /// <summary>Buckets hold all values up to their bound, those of smaller ones included.</summary>
    private static void AppendHistogram(StringBuilder page, string name, MetricSample sample)
    {
        long count = 0;
        for (int i = 0; i < sample.Counts.Count; i++)
        {
            count += sample.Counts[i];
            AppendSample(page, name + "_bucket", sample.Labels, i < sample.Bounds.Count ? Number(sample.Bounds[i]) : "+Inf", count);
        }
        AppendSample(page, name + "_sum", sample.Labels, null, sample.Value);
        AppendSample(page, name + "_count", sample.Labels, null, count);
    }

    private static void AppendSample(StringBuilder page, string name, IReadOnlyList<KeyValuePair<string, string>> labels, string? bound, double value)
    {
        page.Append(name);
        if (labels.Count > 0 || bound is not null)
        {
            IEnumerable<string> pairs = labels.Select(label => $"{label.Key}=\"{EscapeLabel(label.Value)}\"");
            page.Append('{').AppendJoin(',', bound is null ? pairs : pairs.Append($"le=\"{bound}\"")).Append('}');
        }
        page.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string EscapeHelp(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string EscapeLabel(string text) => EscapeHelp(text).Replace("\"", "\\\"", StringComparison.Ordinal);

    private static string NameOf(MetricKind kind) => kind switch
    {
        MetricKind.Counter => "counter",
        MetricKind.Gauge => "gauge",
        _ => "histogram",
    };
}
