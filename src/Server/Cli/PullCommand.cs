using System.CommandLine;

namespace LocalLlm.Server.Cli;

/// <summary><c>pull</c>: has a running server fetch a model from a registry.</summary>
internal static class PullCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> model = new("MODEL") { Description = "[HOST/][NAMESPACE/]MODEL[:TAG]; hf.co/ORG/REPO[:QUANT] for Hugging Face" };
        TransferFlags flags = new();
        Command command = new("pull", "Have a running server (OLLAMA_HOST) fetch a model from a registry.") { model };
        flags.AddTo(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            await flags.RunAsync(host, result, "pull", result.GetRequiredValue(model), cancellationToken);
            return 0;
        });
        return command;
    }
}
