namespace LocalLlm.Server.Http.Metrics;

/// <summary><c>GET /metrics</c>: the server's metrics in Prometheus' text format.</summary>
/// <param name="metrics">The metrics.</param>
internal sealed class MetricsEndpoint(ServerMetrics metrics)
{
    /// <summary>Answers a request.</summary>
    public Task HandleAsync(HttpContext context)
    {
        context.Response.ContentType = PrometheusText.ContentType;
        return context.Response.WriteAsync(metrics.Page(), context.RequestAborted);
    }
}
