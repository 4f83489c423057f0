using System.Diagnostics.Metrics;

namespace LocalLlm.Server.Http.Metrics;

/// <summary>Collects what the instruments of one meter measure, ready to be exported.</summary>
internal sealed class MetricsCollector : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _lock = new();
    private readonly List<InstrumentSeries> _series = [];

    /// <summary>Listens to a meter, to this very one: other servers of the process have meters of the same name.</summary>
    public MetricsCollector(Meter meter)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, meter))
            {
                InstrumentSeries series = new(instrument);
                lock (_lock)
                {
                    _series.Add(series);
                }
                listener.EnableMeasurementEvents(instrument, series);
            }
        };
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((InstrumentSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((InstrumentSeries)state!).Record(value, tags));
        _listener.Start();
    }

    /// <summary>Everything measured so far, in the order in which the instruments were made.</summary>
    public IReadOnlyList<MetricFamily> Collect()
    {
        lock (_lock)
        {
            _series.ForEach(series => series.BeginObservation());
            _listener.RecordObservableInstruments();
            return [.. _series.Select(series => series.Snapshot())];
        }
    }

    /// <summary>Listens no more.</summary>
    public void Dispose() => _listener.Dispose();
}
