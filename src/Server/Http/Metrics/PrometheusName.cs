using System.Diagnostics.Metrics;

namespace LocalLlm.Server.Http.Metrics;

/// <summary>Names of instruments in Prometheus' form, as OpenTelemetry's exporters make them: <c>localllm.queue.wait</c> in <c>s</c> is <c>localllm_queue_wait_seconds</c>.</summary>
internal static class PrometheusName
{
    /// <summary>The name of an instrument.</summary>
    /// <param name="instrument">Its unit is <c>s</c>, <c>By</c>, or something in braces that is only counted.</param>
    /// <param name="kind">What it is exported as.</param>
    public static string Of(Instrument instrument, MetricKind kind)
    {
        string name = string.Concat(instrument.Name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':' ? c : '_'));
        string unit = instrument.Unit switch
        {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };
        return name + unit + (kind == MetricKind.Counter ? "_total" : "");
    }
}
