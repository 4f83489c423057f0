namespace LocalLlm.Server.Http;

/// <summary>A request that cannot be answered; the message goes to the client as it is.</summary>
/// <param name="status">HTTP status of the answer.</param>
/// <param name="message">One sentence: what was wrong with the request.</param>
internal sealed class RequestException(int status, string message) : Exception(message)
{
    /// <summary>HTTP status of the answer.</summary>
    public int Status { get; } = status;

    /// <summary>400: the request itself is wrong.</summary>
    public static RequestException BadRequest(string message) => new(StatusCodes.Status400BadRequest, message);

    /// <summary>404: no such model.</summary>
    public static RequestException NotFound(string message) => new(StatusCodes.Status404NotFound, message);
}
