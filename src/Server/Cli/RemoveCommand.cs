using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LocalLlm.Server.Cli;

/// <summary><c>rm</c>: has a running server unload models and delete them; the first that cannot be deleted ends it.</summary>
internal static class RemoveCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string[]> models = new Argument<string[]>("MODEL") { Description = "Names of models", Arity = ArgumentArity.OneOrMore }.Complete(host);
        Command command = new("rm", "Have a running server (OLLAMA_HOST) delete models from its store.") { models };
        command.SetAction(async (result, cancellationToken) =>
        {
            using ServerClient server = new(host);
            foreach (string name in result.GetRequiredValue(models))
            {
                await UnloadAsync(server, name, host, cancellationToken);
                JsonObject request = new() { ["model"] = name };
                (int status, JsonElement answer) = await server.AskAsync(HttpMethod.Delete, "api/delete", request.ToJsonString(), cancellationToken);
                if (status != StatusCodes.Status200OK)
                {
                    throw await ModelSuggestion.ErrorOfAsync(server, status, answer, name, cancellationToken);
                }
                host.Out.WriteLine($"deleted '{name}'");
            }
            return 0;
        });
        return command;
    }

    /// <summary>A model in memory would go on using disk space until its time is over. That it cannot be unloaded is no reason to keep it.</summary>
    private static async Task UnloadAsync(ServerClient server, string name, CliHost host, CancellationToken cancellationToken)
    {
        JsonObject request = new() { ["model"] = name, ["keep_alive"] = 0 };
        (int status, _) = await server.AskAsync(HttpMethod.Post, "api/generate", request.ToJsonString(), cancellationToken);
        if (status is not (StatusCodes.Status200OK or StatusCodes.Status404NotFound))
        {
            host.Error.WriteLine($"Warning: unable to stop model '{name}'");
        }
    }
}
