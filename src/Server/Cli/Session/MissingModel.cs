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
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandLineException">It cannot be had.</exception>
    public async Task FetchAsync(string model, bool insecure, CancellationToken cancellationToken)
    {
        try
        {
            await TransferProgress.FollowAsync(host, server, "pull", new JsonObject { ["model"] = model, ["insecure"] = insecure }, cancellationToken);
        }
        catch (ServerErrorException refused)
        {
            throw new CommandLineException(refused.Message + await ModelSuggestion.AskAsync(server, model, cancellationToken));
        }
    }
}
