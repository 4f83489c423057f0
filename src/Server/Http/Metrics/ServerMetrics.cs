using System.Diagnostics;
using System.Diagnostics.Metrics;
using LocalLlm.Engine;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.Metrics;

/// <summary>
/// What the server measures of itself: instruments of a <see cref="Meter"/> named <see cref="MeterName"/>, which any listener can read, and the page
/// that <c>/metrics</c> shows. Labels are routes, statuses and models' names, none of which a client can invent.
/// </summary>
internal sealed class ServerMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "LocalLlm";

    // A second is a long wait for a token, and a minute none for a prompt of a book's length.
    private static readonly double[] s_waits = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
    private static readonly double[] s_gaps = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

    private readonly Meter _meter = new(MeterName, LocalLlmServer.Version);
    private readonly MetricsCollector _collector;
    private readonly EngineBook _engines = new();
    private readonly Counter<long> _requests;
    private readonly Histogram<double> _queueWait;
    private readonly Histogram<double> _loadTime;

    /// <summary>Makes the instruments.</summary>
    public ServerMetrics()
    {
        _collector = new MetricsCollector(_meter);
        _requests = _meter.CreateCounter<long>("localllm.requests", "{request}", "Requests answered, by route and status.");
        FirstToken = Times("localllm.time_to_first_token", "From a request's arrival to the first text of its answer.", s_waits);
        InterToken = Times("localllm.inter_token_time", "From one piece of an answer's text to the next.", s_gaps);
        _queueWait = Times("localllm.queue.wait", "Time that a request waited for its place in the batch.", s_waits);
        _loadTime = Times("localllm.load.time", "Time that loading a model took.", s_waits);
        EngineInstruments.Create(_meter, _engines);
    }

    /// <summary>Seconds from a request's arrival to the first text of its answer, by model.</summary>
    public Histogram<double> FirstToken { get; }

    /// <summary>Seconds from one piece of text to the next, by model.</summary>
    public Histogram<double> InterToken { get; }

    /// <summary>The tag that names an engine's model.</summary>
    public KeyValuePair<string, object?> TagOf(ITextEngine engine) => new("model", _engines.NameOf(engine));

    /// <summary>Counts an answered request.</summary>
    /// <param name="route">The route's template, or <c>other</c>.</param>
    /// <param name="status">The HTTP status.</param>
    public void CountRequest(string route, string status) => _requests.Add(1, new("route", route), new("status", status));

    /// <summary>Notes how long a request waited before its model began with it.</summary>
    public void Waited(TimeSpan wait, KeyValuePair<string, object?> model) => _queueWait.Record(wait.TotalSeconds, model);

    /// <summary>A factory that notes what it loads and how long that took.</summary>
    public EngineFactory Watch(EngineFactory load) => async (model, cacheBytes, cancellationToken) =>
    {
        long begin = Stopwatch.GetTimestamp();
        ITextEngine engine = await load(model, cacheBytes, cancellationToken);
        _engines.Add(model, engine);
        _loadTime.Record(Stopwatch.GetElapsedTime(begin).TotalSeconds, TagOf(engine));
        return engine;
    };

    /// <summary>Shows what residency and queue count by themselves.</summary>
    /// <param name="counts">What has happened to models.</param>
    /// <param name="waiting">Requests that wait now.</param>
    public void Show(Func<ResidencyCounts> counts, Func<int> waiting)
    {
        _meter.CreateObservableGauge("localllm.queue.length", () => (long)waiting(), "{request}", "Requests that wait, for a place in a batch or for their model to be loaded.");
        _meter.CreateObservableCounter("localllm.loads", () => counts().Loads, "{load}", "Models loaded.");
        _meter.CreateObservableCounter("localllm.load.failures", () => counts().FailedLoads, "{load}", "Loads that failed or were refused for want of memory.");
        _meter.CreateObservableCounter("localllm.evictions", () => counts().Evictions, "{model}", "Models that made way for others.");
        _meter.CreateObservableCounter(
            "localllm.runner.restarts", () => counts().Losses, "{runner}", "Loaded models whose runner ended by itself, so that the next request starts a new one.");
    }

    /// <summary>The page of <c>/metrics</c>.</summary>
    public string Page() => PrometheusText.Write([.. _collector.Collect(), EngineInstruments.BatchSizes(_engines)]);

    /// <summary>Ends all measuring.</summary>
    public void Dispose()
    {
        _collector.Dispose();
        _meter.Dispose();
    }

    private Histogram<double> Times(string name, string description, double[] bounds) =>
        _meter.CreateHistogram(name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });
}
