namespace LocalLlm.Server.Http.Guards;

/// <summary>
/// Cross-origin rules (CORS): which web pages may read answers. A page of another origin gets 403 without a body, so that it cannot even
/// cause a generation; a program that sends no <c>Origin</c> passes.
/// </summary>
/// <param name="origins">
/// Allowed origins. <c>*</c> alone allows all; a <c>*</c> at the place of the port stands for any number, elsewhere for any text.
/// </param>
internal sealed class OriginGuard(IReadOnlyList<string> origins)
{
    private const string AllowedMethods = "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS";

    private const string AllowedHeaders =
        "Authorization,Content-Type,User-Agent,Accept,X-Requested-With,OpenAI-Beta,x-stainless-arch,x-stainless-async,"
        + "x-stainless-custom-poll-interval,x-stainless-helper-method,x-stainless-lang,x-stainless-os,x-stainless-package-version,"
        + "x-stainless-poll-helper,x-stainless-retry-count,x-stainless-runtime,x-stainless-runtime-version,x-stainless-timeout";

    /// <summary>How long a browser may remember the answer to a preflight request: 12 hours, in seconds.</summary>
    private const string PreflightMaxAge = "43200";

    private readonly bool _allowsAll = origins.Contains("*");

    /// <summary>Whether pages of this origin may use the server.</summary>
    public bool Allows(string origin) => _allowsAll || origins.Any(pattern => Matches(pattern, origin));

    /// <summary>The middleware: answers preflight requests (204) and refuses foreign origins (403).</summary>
    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        string origin = context.Request.Headers.Origin.ToString();
        if (origin.Length == 0 || IsSameOrigin(origin, context.Request.Host))
        {
            return next(context);
        }
        if (!Allows(origin))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        }
        IHeaderDictionary headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = _allowsAll ? "*" : origin;
        headers.Vary = "Origin";
        if (!HttpMethods.IsOptions(context.Request.Method))
        {
            return next(context);
        }
        headers.AccessControlAllowMethods = AllowedMethods;
        headers.AccessControlAllowHeaders = AllowedHeaders;
        headers.AccessControlMaxAge = PreflightMaxAge;
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static bool IsSameOrigin(string origin, HostString host) =>
        origin.Equals($"http://{host.Value}", StringComparison.OrdinalIgnoreCase)
        || origin.Equals($"https://{host.Value}", StringComparison.OrdinalIgnoreCase);

    private static bool Matches(string pattern, string origin)
    {
        int star = pattern.IndexOf('*', StringComparison.Ordinal);
        if (star < 0)
        {
            return pattern.Equals(origin, StringComparison.OrdinalIgnoreCase);
        }
        ReadOnlySpan<char> before = pattern.AsSpan(0, star);
        ReadOnlySpan<char> after = pattern.AsSpan(star + 1);
        if (origin.Length < before.Length + after.Length
            || !origin.AsSpan().StartsWith(before, StringComparison.OrdinalIgnoreCase)
            || !origin.AsSpan().EndsWith(after, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }
        ReadOnlySpan<char> middle = origin.AsSpan(before.Length, origin.Length - before.Length - after.Length);
        bool isPort = before.EndsWith(":") && after.IsEmpty;
        return !isPort || !middle.ContainsAnyExceptInRange('0', '9');
    }
}
