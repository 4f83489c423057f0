using System.CommandLine;
using System.Globalization;
using LocalLlm.Engine.Synthesis;

namespace LocalLlm.Server.Cli;

/// <summary><c>synth</c>: a model file with random weights in a published shape, for measuring.</summary>
internal static class SynthCommand
{
    // Directory and padding of the file, vocabulary included; the tensors are counted to the byte.
    private const long BytesBesideTensors = 16 << 20;

    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> output = new("OUT") { Description = "The GGUF file to write" };
        Option<string> like = new("--like")
        {
            Description = "Shape of the model",
            HelpName = string.Join('|', SyntheticShape.All.Select(shape => shape.Name)),
            Required = true,
        };
        Option<SyntheticQuantization?> quant = Flags.Choice(
            "--quant", "Formats of the weights", ("q8_0", SyntheticQuantization.Q8_0), ("q4_K_M", SyntheticQuantization.Q4_K_M));
        quant.Required = true;
        Option<long?> seed = Flags.Int64("--seed", "Same seed, same file; by default 0");
        Option<bool> force = new("--force") { Description = "Replace the file if it exists" };
        Command command = new("synth", "Write a model file with random weights, for measuring speed without a download.") { output, like, quant, seed, force };
        command.SetAction((result, cancellationToken) =>
        {
            SyntheticShape shape = Shape(result.GetRequiredValue(like));
            SyntheticMix mix = result.GetRequiredValue(quant) == SyntheticQuantization.Q8_0 ? SyntheticMix.Q8_0 : SyntheticMix.Q4_K_M;
            string path = Path.GetFullPath(result.GetRequiredValue(output));
            Check(host, path, result.GetValue(force), SyntheticModel.TensorBytes(shape, mix) + BytesBesideTensors);
            using CancellationTokenSource interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using IDisposable registration = host.OnInterrupt(interrupted.Cancel);
            Write(path, shape, mix, result.GetValue(seed) ?? 0, interrupted.Token);
            host.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: {shape.Name} {mix.Name}, {new FileInfo(path).Length} bytes"));
            return Task.FromResult(0);
        });
        return command;
    }

    private static SyntheticShape Shape(string name) => SyntheticShape.TryFind(name, out SyntheticShape? shape)
        ? shape
        : throw new CommandLineException($"--like must be {string.Join(" or ", SyntheticShape.All.Select(shape => shape.Name))}, not '{name}'.");

    private static void Check(CliHost host, string path, bool force, long bytes)
    {
        string folder = Path.GetDirectoryName(path) ?? path;
        if (Directory.Exists(path))
        {
            throw new CommandLineException($"'{path}' is a folder: give the name of a file.");
        }
        if (!Directory.Exists(folder))
        {
            throw new CommandLineException($"There is no folder '{folder}' to write the file to: make it first.");
        }
        if (File.Exists(path) && !force)
        {
            throw new CommandLineException($"'{path}' exists already: give another name, or --force to replace it.");
        }
        long free = host.FreeBytes(folder);
        if (free < bytes)
        {
            throw new CommandLineException(string.Create(
                CultureInfo.InvariantCulture, $"The file needs {bytes / 1e9:0.0} GB, but only {free / 1e9:0.0} GB are free in '{folder}': make room, or write elsewhere."));
        }
    }

    private static void Write(string path, SyntheticShape shape, SyntheticMix mix, long seed, CancellationToken cancellationToken)
    {
        try
        {
            SyntheticModel.Write(path, shape, mix, unchecked((ulong)seed), cancellationToken);
        }
        // A file beyond what a file system takes (4 GB on FAT) is told by FileStream as an argument out of range.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException { ParamName: "value" })
        {
            throw new CommandLineException($"'{path}' could not be written, and nothing of it is left: {e.Message}");
        }
    }

    private enum SyntheticQuantization { Q8_0, Q4_K_M }
}
