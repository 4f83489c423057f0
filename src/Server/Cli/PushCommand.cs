using System.CommandLine;

namespace LocalLlm.Server.Cli;

/// <summary><c>push</c>: has a running server send a model to the registry that its name begins with.</summary>
internal static class PushCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> model = new("MODEL") { Description = "HOST/NAMESPACE/MODEL[:TAG], a model of the store; 'cp' gives it such a name" };
        TransferFlags flags = new();
        Command command = new("push", "Have a running server (OLLAMA_HOST) send a model to a registry.") { model };
        flags.AddTo(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            await flags.RunAsync(host, result, "push", result.GetRequiredValue(model), cancellationToken);
            return 0;
        });
        return command;
    }
}
