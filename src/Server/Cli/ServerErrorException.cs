namespace LocalLlm.Server.Cli;

/// <summary>The server refused a request. The message is its own sentence.</summary>
/// <param name="status">HTTP status of the answer.</param>
/// <param name="message">What the user is told.</param>
internal sealed class ServerErrorException(int status, string message) : CommandLineException(message)
{
    /// <summary>HTTP status of the answer.</summary>
    public int Status { get; } = status;
}
