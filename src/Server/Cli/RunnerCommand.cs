using System.CommandLine;
using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Server.Runners.Child;
using LocalLlm.Server.Runners.Wire;

namespace LocalLlm.Server.Cli;

/// <summary><c>runner</c>: one model in a process of its own, for the server that started it (<see cref="RunnerProtocol"/>).</summary>
internal static class RunnerCommand
{
    /// <summary>Name of the command.</summary>
    public const string Name = "runner";

    /// <summary>Makes the command. Users have no use for it, so no help shows it.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> model = new("MODEL") { Description = "The path of a GGUF file" };
        Command command = new(Name, "Run a model for the server that starts this.") { model };
        command.Hidden = true;
        command.SetAction((result, cancellationToken) => RunAsync(host, result.GetRequiredValue(model), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CliHost host, string model, CancellationToken cancellationToken)
    {
        RunnerStart start = ReadStart(host.In.ReadLine());
        // Ctrl-C and a service manager reach all processes of the server at once, and requests that still run may end in peace: when it is time, the
        // server closes the input.
        using IDisposable deaf = host.OnInterrupt(() => { });
        TextWriter log = TextWriter.Synchronized(host.Error);

        RunnerControl control = RunnerControl.Start(host.In, host.Out);
        try
        {
            using RunnerServer server = new(start.Socket, log.WriteLine);
            await using ITextEngine engine = host.OpenEngine(model, start.Options);
            control.Loaded(engine);
            await server.RunAsync(engine, cancellationToken);
            return 0;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            if (RunnerError.IsFault(exception))
            {
                log.WriteLine($"the model could not be loaded: {exception}");
            }
            control.Failed(RunnerError.Of(exception));
            return 1;
        }
    }

    private static RunnerStart ReadStart(string? line)
    {
        RunnerStart? start;
        try
        {
            start = JsonSerializer.Deserialize(line ?? "null", RunnerJson.Lines.RunnerStart);
        }
        catch (JsonException)
        {
            start = null;
        }
        return start switch
        {
            null => throw new CommandLineException($"'localllm {Name}' is for 'localllm serve', which starts it; to use a model, see 'localllm run --help'."),
            { Protocol: not RunnerProtocol.Version } => throw new CommandLineException(
                $"The server that started this runner is of another version (protocol {start.Protocol}, this program speaks {RunnerProtocol.Version}): restart the server."),
            _ => start,
        };
    }
}
