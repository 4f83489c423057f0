using System.Diagnostics;
using LocalLlm.Engine;

namespace LocalLlm.Server.Http.Metrics;

/// <summary>Measures one generation as its client sees it. Costs a look at the clock and two additions for each token.</summary>
internal sealed class GenerationMeter
{
    private readonly ServerMetrics _metrics;
    private readonly KeyValuePair<string, object?> _model;
    private long _last;
    private bool _spoke;

    private GenerationMeter(RequestMeter request, ITextEngine engine)
    {
        _metrics = request.Metrics;
        _model = _metrics.TagOf(engine);
        _last = request.Arrival;
    }

    /// <summary>A meter for a generation of a request; null where nobody measures.</summary>
    public static GenerationMeter? Of(HttpContext context, ITextEngine engine) =>
        context.Features.Get<RequestMeter>() is { } request ? new GenerationMeter(request, engine) : null;

    /// <summary>A piece of text came from the engine.</summary>
    public void Text()
    {
        long now = Stopwatch.GetTimestamp();
        (_spoke ? _metrics.InterToken : _metrics.FirstToken).Record(Stopwatch.GetElapsedTime(_last, now).TotalSeconds, _model);
        (_last, _spoke) = (now, true);
    }

    /// <summary>The engine ended the generation.</summary>
    public void Finished(GenerationUsage usage) => _metrics.Waited(usage.QueueDuration, _model);
}
