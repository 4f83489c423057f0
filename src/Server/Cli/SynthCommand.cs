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
            OutputFile.Require(host, path, result.GetValue(force), SyntheticModel.TensorBytes(shape, mix) + BytesBesideTensors);
            using CancellationTokenSource interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using IDisposable registration = host.OnInterrupt(interrupted.Cancel);
            OutputFile.Write(path, () => SyntheticModel.Write(path, shape, mix, unchecked((ulong)(result.GetValue(seed) ?? 0)), interrupted.Token));
            host.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: {shape.Name} {mix.Name}, {new FileInfo(path).Length} bytes"));
            return Task.FromResult(0);
        });
        return command;
    }

    private static SyntheticShape Shape(string name) => SyntheticShape.TryFind(name, out SyntheticShape? shape)
        ? shape
        : throw new CommandLineException($"--like must be {string.Join(" or ", SyntheticShape.All.Select(shape => shape.Name))}, not '{name}'.");

    private enum SyntheticQuantization { Q8_0, Q4_K_M }
}
