using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;

namespace LocalLlm.Server.Http.Guards;

/// <summary>Answers to requests that no route takes, as Ollama's router gives them.</summary>
internal static class PlainAnswers
{
    /// <summary>Gives a body to 404 and 405 that have none; other empty answers stay empty.</summary>
    public static Task WriteAsync(StatusCodeContext context)
    {
        HttpResponse response = context.HttpContext.Response;
        string? text = response.StatusCode switch
        {
            StatusCodes.Status404NotFound => "404 page not found",
            StatusCodes.Status405MethodNotAllowed => "405 method not allowed",
            _ => null,
        };
        if (text is null)
        {
            return Task.CompletedTask;
        }
        response.ContentType = "text/plain";
        response.ContentLength = text.Length;
        return response.WriteAsync(text);
    }

    /// <summary>
    /// Redirects <c>/api/tags/</c> to <c>/api/tags</c> where that is a route. Runs between routing, which does not mind the slash, and the
    /// handler. POST keeps its method and body by 307.
    /// </summary>
    public static Task RedirectTrailingSlashAsync(HttpContext context, RequestDelegate next)
    {
        string path = context.Request.Path.Value!;
        if (path.Length < 2 || path[^1] != '/' || context.GetEndpoint() is not RouteEndpoint)
        {
            return next(context);
        }
        // The raw target keeps escapes such as %2F, which the decoded path has lost.
        string target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        string raw = target.Split('?')[0];
        context.Response.StatusCode = HttpMethods.IsGet(context.Request.Method)
            ? StatusCodes.Status301MovedPermanently
            : StatusCodes.Status307TemporaryRedirect;
        context.Response.Headers.Location = raw.TrimEnd('/') + context.Request.QueryString.Value;
        return Task.CompletedTask;
    }
}
