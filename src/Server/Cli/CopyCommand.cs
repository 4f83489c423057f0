using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LocalLlm.Server.Cli;

/// <summary><c>cp</c>: gives a model of a running server another name beside its own.</summary>
internal static class CopyCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> source = new Argument<string>("SOURCE") { Description = "The model's name" }.Complete(host);
        Argument<string> destination = new("DESTINATION") { Description = "The name that it shall have as well; a model of that name is replaced" };
        Command command = new("cp", "Have a running server (OLLAMA_HOST) give a model another name.") { source, destination };
        command.SetAction(async (result, cancellationToken) =>
        {
            (string from, string to) = (result.GetRequiredValue(source), result.GetRequiredValue(destination));
            JsonObject request = new() { ["source"] = from, ["destination"] = to };
            using ServerClient server = new(host);
            (int status, JsonElement answer) = await server.AskAsync(HttpMethod.Post, "api/copy", request.ToJsonString(), cancellationToken);
            if (status != StatusCodes.Status200OK)
            {
                throw await ModelSuggestion.ErrorOfAsync(server, status, answer, from, cancellationToken);
            }
            host.Out.WriteLine($"copied '{from}' to '{to}'");
            return 0;
        });
        return command;
    }
}
