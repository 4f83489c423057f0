using System.CommandLine;
using System.Text.Json.Nodes;
using LocalLlm.Server.Configuration;

namespace LocalLlm.Server.Cli;

/// <summary><c>pull</c>: has a running server fetch a model from a registry.</summary>
internal static class PullCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> model = new("MODEL") { Description = "[HOST/][NAMESPACE/]MODEL[:TAG]; hf.co/ORG/REPO[:QUANT] for Hugging Face" };
        Option<bool> insecure = new("--insecure") { Description = "Speak plain HTTP to the registry" };
        Option<string?> limitRate = new("--limit-rate") { Description = "Most bytes a second: 500K, 2M", HelpName = "RATE" };
        Command command = new("pull", "Have a running server (OLLAMA_HOST) fetch a model from a registry.") { model, insecure, limitRate };
        command.SetAction(async (result, cancellationToken) =>
        {
            JsonObject request = new()
            {
                ["model"] = result.GetRequiredValue(model),
                ["insecure"] = result.GetValue(insecure),
                ["limit_rate"] = RateOf(result.GetValue(limitRate)),
            };
            using ServerClient server = new(host);
            using TransferProgress progress = new(host, TimeProvider.System);
            await server.FollowAsync("api/pull", request.ToJsonString(), progress.Take, cancellationToken);
            return progress.Succeeded
                ? 0
                : throw new CommandLineException($"the server at {server.Address} ended in the middle of its answer: see its log, then pull again to go on where it stopped");
        });
        return command;
    }

    private static long? RateOf(string? text) =>
        text is null ? null
        : ByteSize.TryParse(text, out long bytes) ? bytes
        : throw new CommandLineException($"--limit-rate must be a number of bytes a second such as 500K or 2M, not '{text}'.");
}
