using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LocalLlm.Server.Cli;

/// <summary><c>show</c>: what a running server knows of a model, as sections for people or one part of it as it stands.</summary>
internal static class ShowCommand
{
    /// <summary>The parts that can be had alone: option, key of the answer, description.</summary>
    private static readonly (string Option, string Key, string Description)[] s_parts =
    [
        ("--license", "license", "Print the licence"),
        ("--modelfile", "modelfile", "Print a Modelfile that makes the model again"),
        ("--parameters", "parameters", "Print the model's own options"),
        ("--system", "system", "Print the system message"),
        ("--template", "template", "Print the chat template"),
    ];

    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> model = new Argument<string>("MODEL") { Description = "The model's name" }.Complete(host);
        Option<bool>[] parts = [.. s_parts.Select(part => new Option<bool>(part.Option) { Description = part.Description })];
        Option<bool> verbose = new("--verbose", "-v") { Description = "Print all metadata and tensors too" };
        Option<bool> json = JsonOutput.Option();
        Command command = new("show", "Show what a running server (OLLAMA_HOST) knows of a model.") { model, verbose, json };
        Array.ForEach(parts, command.Options.Add);
        command.SetAction(async (result, cancellationToken) =>
        {
            int[] asked = [.. Enumerable.Range(0, parts.Length).Where(part => result.GetValue(parts[part]))];
            if (asked.Length > 1)
            {
                throw new CommandLineException("only one of '--license', '--modelfile', '--parameters', '--system', or '--template' can be specified");
            }
            JsonElement answer = await AskAsync(host, result.GetRequiredValue(model), result.GetValue(verbose), cancellationToken);
            if (result.GetValue(json))
            {
                JsonOutput.Write(host.Out, answer);
            }
            else if (asked is [int only])
            {
                host.Out.WriteLine(answer.TryGetProperty(s_parts[only].Key, out JsonElement text) ? text.GetString() : "");
            }
            else
            {
                ModelSections.Write(host.Out, answer, result.GetValue(verbose));
            }
            return 0;
        });
        return command;
    }

    private static async Task<JsonElement> AskAsync(CliHost host, string model, bool verbose, CancellationToken cancellationToken)
    {
        JsonObject request = new() { ["model"] = model, ["verbose"] = verbose };
        using ServerClient server = new(host);
        (int status, JsonElement answer) = await server.AskAsync(HttpMethod.Post, "api/show", request.ToJsonString(), cancellationToken);
        return status == StatusCodes.Status200OK ? answer : throw await ModelSuggestion.ErrorOfAsync(server, status, answer, model, cancellationToken);
    }
}
