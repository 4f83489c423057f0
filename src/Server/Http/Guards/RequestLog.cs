using System.Diagnostics;

namespace LocalLlm.Server.Http.Guards;

/// <summary>One line of log for each request: status, time taken, who asked, and what.</summary>
/// <param name="log">Where to.</param>
internal sealed class RequestLog(ILogger<RequestLog> log)
{
    /// <summary>The middleware.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        long begin = Stopwatch.GetTimestamp();
        try
        {
            await next(context);
        }
        finally
        {
            log.LogInformation(
                "{Status} | {Milliseconds:F1} ms | {Client} | {Method} \"{Path}\"",
                context.Response.StatusCode,
                Stopwatch.GetElapsedTime(begin).TotalMilliseconds,
                context.Connection.RemoteIpAddress,
                context.Request.Method,
                context.Request.Path);
        }
    }
}
