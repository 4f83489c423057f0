using System.Diagnostics;
using System.Globalization;

namespace LocalLlm.Server.Http.Metrics;

/// <summary>What is measured of one request; a feature of its context.</summary>
/// <param name="metrics">Where to.</param>
internal sealed class RequestMeter(ServerMetrics metrics)
{
    /// <summary>The metrics of the server.</summary>
    public ServerMetrics Metrics => metrics;

    /// <summary>When the request arrived (<see cref="Stopwatch.GetTimestamp"/>).</summary>
    public long Arrival { get; } = Stopwatch.GetTimestamp();

    /// <summary>The middleware: counts requests, and gives them a meter on the way in.</summary>
    public static Func<HttpContext, RequestDelegate, Task> Middleware(ServerMetrics metrics) => async (context, next) =>
    {
        context.Features.Set(new RequestMeter(metrics));
        try
        {
            await next(context);
        }
        finally
        {
            string route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "other";
            metrics.CountRequest(route, context.Response.StatusCode.ToString(CultureInfo.InvariantCulture));
        }
    };
}
