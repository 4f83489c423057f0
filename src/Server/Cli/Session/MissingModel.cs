using System.Text.Json.Nodes;

namespace LocalLlm.Server.Cli.Session;

/// <summary>A model that <c>run</c> was asked for and the server does not have: it is pulled.</summary>
/// <param name="host">Sees the progress, on standard error.</param>
/// <param name="server">The server.</param>
internal sealed class MissingModel(CliHost host, ServerClient server)
{
    /// <summary>Has the server fetch the model.</summary>
    /// <param name="model">Its name.</param>
    /// <param name="insecure">Whether plain HTTP will do.</param>
    /// <param name="missing">What the server said when it was asked for the model.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandLineException">It cannot be had.</exception>
    public async Task FetchAsync(string model, bool insecure, ServerErrorException missing, CancellationToken cancellationToken)
    {
        try
        {
            await TransferProgress.FollowAsync(host, server, "pull", new JsonObject { ["model"] = model, ["insecure"] = insecure }, cancellationToken);
        }
        catch (ServerErrorException refused) when (refused.Status is StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed)
        {
            // A server of another kind: ours tells what a registry lacks as the last line of an answer that began well.
            throw new CommandLineException($"{missing.Message}, and the server at {server.Address} cannot pull models{await ModelSuggestion.AskAsync(server, model, cancellationToken)}");
        }
        catch (ServerErrorException refused)
        {
            throw new CommandLineException(refused.Message + await ModelSuggestion.AskAsync(server, model, cancellationToken));
        }
    }
}
