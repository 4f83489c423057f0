namespace LocalLlm.Server.Http;

/// <summary>A request that cannot be answered; the message goes to the client as it is.</summary>
/// <param name="status">HTTP status of the answer.</param>
/// <param name="message">One sentence: what was wrong with the request.</param>
internal sealed class RequestException(int status, string message) : Exception(message)
{
    /// <summary>HTTP status of the answer.</summary>
    public int Status { get; } = status;

    /// <summary>Whether the same request may succeed in a moment.</summary>
    public bool IsBusy { get; private init; }

    /// <summary>400: the request itself is wrong.</summary>
    public static RequestException BadRequest(string message) => new(StatusCodes.Status400BadRequest, message);

    /// <summary>404: no such model.</summary>
    public static RequestException NotFound(string message) => new(StatusCodes.Status404NotFound, message);

    /// <summary>503: too many wait. Clients know the text, both spaces included.</summary>
    public static RequestException Busy() =>
        new(StatusCodes.Status503ServiceUnavailable, "server busy, please try again.  maximum pending requests exceeded") { IsBusy = true };
}
