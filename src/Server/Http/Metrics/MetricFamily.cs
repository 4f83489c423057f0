namespace LocalLlm.Server.Http.Metrics;

/// <summary>A metric of Prometheus' text format with all its samples.</summary>
/// <param name="Name">Name in Prometheus' form.</param>
/// <param name="Help">What it is, one sentence.</param>
/// <param name="Kind">Its type.</param>
/// <param name="Samples">The samples; none if nothing was measured yet.</param>
internal sealed record MetricFamily(string Name, string Help, MetricKind Kind, IReadOnlyList<MetricSample> Samples);

/// <summary>Types of metrics.</summary>
internal enum MetricKind
{
    /// <summary>A sum that only grows.</summary>
    Counter,

    /// <summary>A figure that goes up and down.</summary>
    Gauge,

    /// <summary>Counts of values by size.</summary>
    Histogram,
}

/// <summary>One sample: a number, or the buckets of a histogram.</summary>
/// <param name="Labels">Names and values.</param>
/// <param name="Value">The number; the sum of all values for a histogram.</param>
/// <param name="Bounds">Upper bounds of the buckets but the last, which has none; empty for a number.</param>
/// <param name="Counts">Values in each bucket, those of smaller ones left out: one more than bounds; empty for a number.</param>
internal sealed record MetricSample(IReadOnlyList<KeyValuePair<string, string>> Labels, double Value, IReadOnlyList<double> Bounds, IReadOnlyList<long> Counts)
{
    /// <summary>A number.</summary>
    public static MetricSample Number(IReadOnlyList<KeyValuePair<string, string>> labels, double value) => new(labels, value, [], []);
}
