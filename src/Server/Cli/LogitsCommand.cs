using System.CommandLine;
using System.Runtime.InteropServices;
using LocalLlm.Engine;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Cli;

/// <summary><c>logits</c>: what a model gives for tokens, as numbers, for research and for comparison with other engines.</summary>
internal static class LogitsCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> model = new("MODEL") { Description = "A model's name, or the path of a GGUF file" };
        Option<string> tokens = new("--tokens") { Description = "Token ids, as 'tokenize' prints them or separated by commas", Required = true, HelpName = "IDS" };
        Option<bool> all = new("--all") { Description = "A row after every token, not only after the last" };
        Option<string> output = new("--output", "-o") { Description = "File for the rows: one float32 for each token of the vocabulary, little-endian, without a header", Required = true, HelpName = "FILE" };
        Option<bool> verbose = new("--verbose") { Description = "Say on standard error what computes" };
        ComputeFlags compute = new();
        AdapterFlags adapters = new();
        Command command = new("logits", "Write the logits that a model gives after tokens.") { model, tokens, all, output, verbose };
        compute.AddTo(command);
        adapters.AddTo(command);
        command.SetAction((result, cancellationToken) =>
        {
            ServedModel served = host.Models.Resolve(result.GetRequiredValue(model));
            ModelOptions options = served.LoadOptions(compute.Read(result, host) with { Adapters = adapters.Read(result) });
            int[] ids = TokenList.Parse(result.GetRequiredValue(tokens));
            if (result.GetValue(verbose))
            {
                host.Error.WriteLine(ComputeFlags.Describe(options));
            }
            using CancellationTokenSource interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using IDisposable registration = host.OnInterrupt(interrupted.Cancel);
            using LanguageModel loaded = LanguageModel.Load(served.Path, options);
            Write(loaded, ids, result.GetValue(all), result.GetRequiredValue(output), interrupted.Token);
            return Task.FromResult(0);
        });
        return command;
    }

    private static void Write(LanguageModel model, int[] tokens, bool all, string path, CancellationToken cancellationToken)
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new CommandLineException("The rows are little-endian, but this machine is not.");
        }
        FileStream? file = null; // made by the first row, so that wrong tokens leave no file behind
        try
        {
            model.ComputeLogits(tokens, all, row => (file ??= File.Create(path)).Write(MemoryMarshal.AsBytes(row)), cancellationToken);
        }
        finally
        {
            file?.Dispose();
        }
    }
}
