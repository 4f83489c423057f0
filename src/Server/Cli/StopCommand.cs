using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LocalLlm.Server.Cli;

/// <summary><c>stop</c>: has a running server unload a model, once its requests have ended. Says nothing, whether or not the model was loaded.</summary>
internal static class StopCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> model = new Argument<string>("MODEL") { Description = "The model's name" }.Complete(host);
        Command command = new("stop", "Have a running server (OLLAMA_HOST) unload a model.") { model };
        command.SetAction(async (result, cancellationToken) =>
        {
            string name = result.GetRequiredValue(model);
            JsonObject request = new() { ["model"] = name, ["keep_alive"] = 0 };
            using ServerClient server = new(host);
            (int status, JsonElement answer) = await server.AskAsync(HttpMethod.Post, "api/generate", request.ToJsonString(), cancellationToken);
            return status switch
            {
                StatusCodes.Status200OK => 0,
                StatusCodes.Status404NotFound => throw new CommandLineException($"couldn't find model \"{name}\" to stop{await ModelSuggestion.AskAsync(server, name, cancellationToken)}"),
                _ => throw ServerClient.ErrorOf(status, answer),
            };
        });
        return command;
    }
}
