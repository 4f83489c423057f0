using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Native;
using LocalLlm.Server.Http.OpenAi;
using LocalLlm.Server.Http.Streaming;

namespace LocalLlm.Server.Http;

/// <summary>
/// Runs handlers and tells the client of their failures in the shape that its API has: as an answer of its own while nothing has been sent, as the
/// last item of a stream after that. A failed stream never ends as a complete one does.
/// </summary>
/// <param name="log">Gets what is the server's fault.</param>
internal sealed class ErrorAnswers(ILogger<ErrorAnswers> log)
{
    /// <summary>Wraps a handler of the native API, where an error is <c>{"error":"text"}</c>.</summary>
    public RequestDelegate Native(RequestDelegate handler) => context => RunAsync(context, handler, SendNativeAsync);

    /// <summary>Wraps a handler of the OpenAI API, where an error is an object.</summary>
    public RequestDelegate OpenAi(RequestDelegate handler) => context => RunAsync(context, handler, SendOpenAiAsync);

    private async Task RunAsync(HttpContext context, RequestDelegate handler, Func<HttpContext, Failure, Task> send)
    {
        try
        {
            await handler(context);
        }
        catch (Exception exception) when (!context.RequestAborted.IsCancellationRequested)
        {
            Failure failure = Failure.Of(exception);
            if (failure.IsServerFault)
            {
                log.LogError(exception, "{Method} {Path} failed", context.Request.Method, context.Request.Path);
            }
            await send(context, failure);
        }
        catch (Exception exception)
        {
            if (exception is not (OperationCanceledException or IOException))
            {
                log.LogDebug(exception, "{Method} {Path} failed after its client had gone", context.Request.Method, context.Request.Path);
            }
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = Failure.ClientClosedRequest;
            }
        }
    }

    private static Task SendNativeAsync(HttpContext context, Failure failure)
    {
        NativeError error = new(failure.Message);
        if (!context.Response.HasStarted)
        {
            SayWhenToRepeat(context, failure);
            return ApiJson.SendAsync(context, failure.Status, error, ApiJson.Compact.NativeError);
        }
        if (context.Response.ContentType != NdjsonWriter.ContentType)
        {
            context.Abort(); // Half of a plain answer is out: a broken connection is the only sign left.
            return Task.CompletedTask;
        }
        return new NdjsonWriter(context.Response).WriteAsync(error, ApiJson.Compact.NativeError, context.RequestAborted);
    }

    private static async Task SendOpenAiAsync(HttpContext context, Failure failure)
    {
        OpenAiError error = OpenAiError.Of(failure);
        if (!context.Response.HasStarted)
        {
            SayWhenToRepeat(context, failure);
            if (failure.IsBusy)
            {
                // OpenAI's clients repeat a 503 twice by themselves, which would triple the load of a busy server.
                context.Response.Headers["x-should-retry"] = "false";
            }
            await ApiJson.SendAsync(context, failure.Status, error, ApiJson.Compact.OpenAiError);
            return;
        }
        if (context.Response.ContentType != SseWriter.ContentType)
        {
            context.Abort();
            return;
        }
        // The official clients raise on this event. No [DONE] follows it: whoever waits for that must not take the answer for a complete one.
        await new SseWriter(context.Response).WriteAsync(error, ApiJson.Compact.OpenAiError, context.RequestAborted);
    }

    private static void SayWhenToRepeat(HttpContext context, Failure failure)
    {
        if (failure.IsBusy)
        {
            context.Response.Headers.RetryAfter = "1";
        }
    }
}
