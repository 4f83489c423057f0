using System.Diagnostics.Metrics;

namespace LocalLlm.Server.Http.Metrics;

/// <summary>What was measured with one instrument, by its labels. Safe to use from many threads.</summary>
internal sealed class InstrumentSeries
{
    private readonly Lock _lock = new();
    private readonly List<Series> _series = [];
    private readonly double[] _bounds;
    private readonly Instrument _instrument;
    private readonly bool _adds;

    /// <summary>Begins with nothing.</summary>
    /// <param name="instrument">A counter, a histogram, or an observable counter or gauge.</param>
    public InstrumentSeries(Instrument instrument)
    {
        _instrument = instrument;
        _bounds = instrument is Histogram<double> histogram ? [.. histogram.Advice?.HistogramBucketBoundaries ?? []] : [];
        Kind = instrument switch
        {
            Histogram<double> => MetricKind.Histogram,
            Counter<long> or ObservableCounter<long> => MetricKind.Counter,
            _ => MetricKind.Gauge,
        };
        _adds = instrument is Counter<long> or Histogram<double>;
    }

    private MetricKind Kind { get; }

    /// <summary>Takes a measurement; allocates only for labels that were never seen.</summary>
    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_lock)
        {
            Series series = Find(tags);
            series.Value = _adds ? series.Value + value : value;
            if (Kind == MetricKind.Histogram)
            {
                series.Counts[BucketOf(value)]++;
            }
        }
    }

    /// <summary>Forgets what an observable instrument said before it is asked again: what it no longer names is no more.</summary>
    public void BeginObservation()
    {
        lock (_lock)
        {
            if (!_adds)
            {
                _series.Clear();
            }
        }
    }

    /// <summary>A copy of all samples.</summary>
    public MetricFamily Snapshot()
    {
        lock (_lock)
        {
            return new MetricFamily(
                PrometheusName.Of(_instrument, Kind), _instrument.Description ?? "", Kind,
                [.. _series.Select(series => new MetricSample(series.Labels, series.Value, _bounds, [.. series.Counts]))]);
        }
    }

    private Series Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (Series series in _series)
        {
            if (series.Has(tags))
            {
                return series;
            }
        }
        Series added = new(tags, Kind == MetricKind.Histogram ? _bounds.Length + 1 : 0);
        _series.Add(added);
        return added;
    }

    /// <summary>The first bucket whose bound is not below the value.</summary>
    private int BucketOf(double value)
    {
        int index = Array.BinarySearch(_bounds, value);
        return index < 0 ? ~index : index;
    }

    private sealed class Series
    {
        public Series(ReadOnlySpan<KeyValuePair<string, object?>> tags, int buckets)
        {
            KeyValuePair<string, string>[] labels = new KeyValuePair<string, string>[tags.Length];
            for (int i = 0; i < labels.Length; i++)
            {
                labels[i] = new(tags[i].Key, tags[i].Value as string ?? "");
            }
            Labels = labels;
            Counts = new long[buckets];
        }

        public KeyValuePair<string, string>[] Labels { get; }

        public long[] Counts { get; }

        public double Value { get; set; }

        /// <summary>Instruments name their tags in one order, and their values are texts.</summary>
        public bool Has(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.Length != Labels.Length)
            {
                return false;
            }
            for (int i = 0; i < tags.Length; i++)
            {
                if (!string.Equals(Labels[i].Value, tags[i].Value as string, StringComparison.Ordinal))
                {
                    return false;
                }
            }
            return true;
        }
    }
}
