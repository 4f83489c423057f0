using System.Text.Json;
using System.Text.Json.Nodes;

namespace LocalLlm.Server.Cli.Session;

/// <summary>A model that <c>run</c> was asked for and the server does not have: it is pulled.</summary>
/// <param name="host">Sees the progress, on standard error.</param>
/// <param name="server">The server.</param>
internal sealed class MissingModel(CliHost host, ServerClient server)
{
    /// <summary>What a registry's server says of a model that it does not have either.</summary>
    private const string NotThere = "file does not exist";

    /// <summary>Has the server fetch the model.</summary>
    /// <param name="model">Its name.</param>
    /// <param name="insecure">Whether plain HTTP will do.</param>
    /// <param name="missing">What the server said when it was asked for the model.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandLineException">It cannot be had.</exception>
    public async Task FetchAsync(string model, bool insecure, ServerErrorException missing, CancellationToken cancellationToken)
    {
        string status = "";
        try
        {
            JsonObject request = new() { ["model"] = model, ["insecure"] = insecure, ["stream"] = true };
            await foreach (JsonElement item in server.StreamAsync("api/pull", request.ToJsonString(), cancellationToken))
            {
                status = Show(item, status);
            }
        }
        catch (ServerErrorException refused) when (refused.Status is StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed)
        {
            throw new CommandLineException($"{missing.Message}{await NearestAsync(model, cancellationToken)}, and the server at {server.Address} cannot pull models");
        }
        catch (ServerErrorException refused) when (refused.Message.Contains(NotThere, StringComparison.Ordinal))
        {
            throw new CommandLineException(refused.Message + await NearestAsync(model, cancellationToken));
        }
        finally
        {
            if (status.Length > 0 && host.ErrorIsTerminal)
            {
                host.Error.WriteLine();
            }
        }
    }

    /// <summary>Writes a line for each step; on a terminal, how far it is.</summary>
    private string Show(JsonElement item, string last)
    {
        string status = item.TryGetProperty("status", out JsonElement text) ? text.GetString() ?? "" : "";
        if (!host.ErrorIsTerminal)
        {
            if (status != last)
            {
                host.Error.WriteLine(status);
            }
            return status;
        }
        if (status != last && last.Length > 0)
        {
            host.Error.WriteLine();
        }
        string progress = item.TryGetProperty("total", out JsonElement total) && total.GetInt64() is > 0 and long all
            ? $": {100 * (item.TryGetProperty("completed", out JsonElement done) ? done.GetInt64() : 0) / all} % of {HumanBytes.Of(all)}"
            : "";
        host.Error.Write($"\r{status}{progress}");
        return status;
    }

    /// <summary>A question after a name like the one that was mistyped; empty if the server has none like it.</summary>
    private async Task<string> NearestAsync(string model, CancellationToken cancellationToken)
    {
        (int status, JsonElement answer) = await server.AskAsync(HttpMethod.Get, "api/tags", null, cancellationToken);
        return status == StatusCodes.Status200OK ? ModelSuggestion.For(model, answer) : "";
    }
}
