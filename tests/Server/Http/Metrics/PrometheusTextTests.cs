using System.Diagnostics.Metrics;
using LocalLlm.Server.Http.Metrics;

namespace LocalLlm.Server.Tests.Http.Metrics;

/// <summary>The text format, and what the collector makes of instruments.</summary>
public sealed class PrometheusTextTests
{
    [Fact]
    public void NumbersHaveHelpAndType()
    {
        MetricFamily counter = new("a_total", "Counts.", MetricKind.Counter, [MetricSample.Number([], 3)]);
        MetricFamily gauge = new("b", "Stands.", MetricKind.Gauge, [MetricSample.Number([new("x", "1"), new("y", "2")], -0.5)]);
        Assert.Equal(
            "# HELP a_total Counts.\n# TYPE a_total counter\na_total 3\n# HELP b Stands.\n# TYPE b gauge\nb{x=\"1\",y=\"2\"} -0.5\n",
            PrometheusText.Write([counter, gauge]));
    }

    [Fact]
    public void WhatWasNeverMeasuredStillHasItsHelp()
    {
        MetricFamily counter = new("a_total", "Counts.", MetricKind.Counter, []);
        Assert.Equal("# HELP a_total Counts.\n# TYPE a_total counter\n", PrometheusText.Write([counter]));
    }

    [Fact]
    public void BucketsAddUp()
    {
        MetricFamily histogram = new("t_seconds", "Times.", MetricKind.Histogram, [new([new("m", "x")], 7.25, [0.5, 1], [2, 0, 3])]);
        Assert.Equal(
            "# HELP t_seconds Times.\n# TYPE t_seconds histogram\n" +
            "t_seconds_bucket{m=\"x\",le=\"0.5\"} 2\nt_seconds_bucket{m=\"x\",le=\"1\"} 2\nt_seconds_bucket{m=\"x\",le=\"+Inf\"} 5\n" +
            "t_seconds_sum{m=\"x\"} 7.25\nt_seconds_count{m=\"x\"} 5\n",
            PrometheusText.Write([histogram]));
    }

    [Fact]
    public void SpecialCharactersAreEscaped()
    {
        MetricFamily gauge = new("a", "One \\ and\ntwo \"quoted\".", MetricKind.Gauge, [MetricSample.Number([new("x", "\"\\\n")], 1)]);
        Assert.Equal("# HELP a One \\\\ and\\ntwo \"quoted\".\n# TYPE a gauge\na{x=\"\\\"\\\\\\n\"} 1\n", PrometheusText.Write([gauge]));
    }

    [Theory]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(1e300, "1E+300")]
    [InlineData(9007199254740991, "9007199254740991")]
    [InlineData(0.1, "0.1")]
    public void NumbersAreWrittenForMachines(double value, string text)
    {
        MetricFamily gauge = new("a", "", MetricKind.Gauge, [MetricSample.Number([], value)]);
        Assert.EndsWith($"\na {text}\n", PrometheusText.Write([gauge]), StringComparison.Ordinal);
    }

    [Fact]
    public void InstrumentsOfOneMeterAreCollected()
    {
        using Meter meter = new("same name"), other = new("same name");
        using MetricsCollector collector = new(meter);
        Counter<long> counter = meter.CreateCounter<long>("a.b", "{thing}", "Counts.");
        Histogram<double> histogram = meter.CreateHistogram("c", "s", "Times.", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 2] });
        other.CreateCounter<long>("foreign").Add(1);
        counter.Add(2, new KeyValuePair<string, object?>("k", "v"));
        counter.Add(3, new KeyValuePair<string, object?>("k", "v"));
        counter.Add(4, new KeyValuePair<string, object?>("k", "w"));
        foreach (double value in new[] { 0.5, 1, 1.5, 9 })
        {
            histogram.Record(value);
        }
        Assert.Equal(
            "# HELP a_b_total Counts.\n# TYPE a_b_total counter\na_b_total{k=\"v\"} 5\na_b_total{k=\"w\"} 4\n" +
            "# HELP c_seconds Times.\n# TYPE c_seconds histogram\n" +
            "c_seconds_bucket{le=\"1\"} 2\nc_seconds_bucket{le=\"2\"} 3\nc_seconds_bucket{le=\"+Inf\"} 4\nc_seconds_sum 12\nc_seconds_count 4\n",
            PrometheusText.Write(collector.Collect()));
    }

    [Fact]
    public void WhatAnObservableNoLongerNamesIsGone()
    {
        using Meter meter = new("test");
        using MetricsCollector collector = new(meter);
        List<string> names = ["x", "y"];
        meter.CreateObservableGauge("g", () => names.Select(name => new Measurement<long>(7, new KeyValuePair<string, object?>("name", name))));
        Assert.Equal(2, Assert.Single(collector.Collect()).Samples.Count);
        names.Remove("x");
        MetricSample left = Assert.Single(Assert.Single(collector.Collect()).Samples);
        Assert.Equal(("y", 7), (Assert.Single(left.Labels).Value, left.Value));
    }
}
