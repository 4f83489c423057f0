using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using LocalLlm.Engine.Quantization;
using LocalLlm.Gguf;

namespace LocalLlm.Server.Cli;

/// <summary><c>quantize</c>: a model in other formats, in the manner of <c>llama-quantize</c>.</summary>
internal static class QuantizeCommand
{
    // Metadata grow by two entries at most, and tensors are counted with their type alone.
    private const long RoomForPadding = 1 << 20;

    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> input = new("IN") { Description = "A GGUF file, the first part of a split one, or a model's name" };
        Argument<string> output = new("OUT") { Description = "The GGUF file to write" };
        Argument<string> type = new("TYPE") { Description = $"One of {TypeNames}" };
        Option<int?> threads = Flags.Int32("--threads", "Threads that compute; by default the physical cores (environment: LOCALLLM_THREADS)", 1, ComputeFlags.MaxThreads);
        Option<bool> requantize = new("--allow-requantize") { Description = "Round weights again that are quantized already, which loses more than starting from F16, BF16 or F32" };
        Option<bool> force = new("--force") { Description = "Replace the file if it exists" };
        Command command = new("quantize", "Write a model with its weights in other formats.") { input, output, type, threads, requantize, force };
        command.SetAction((result, cancellationToken) =>
        {
            QuantizationRecipe recipe = Recipe(result.GetRequiredValue(type));
            using GgufFile file = GgufFile.Open(host.Models.Resolve(result.GetRequiredValue(input)).Path);
            QuantizationPlan plan = QuantizationPlan.Of(file, recipe);
            RequireSource(plan, result.GetValue(requantize));
            string path = Path.GetFullPath(result.GetRequiredValue(output));
            OutputFile.RequireOther(path, file.Paths);
            OutputFile.Require(host, path, result.GetValue(force), file.FileBytes - file.Tensors.Sum(tensor => tensor.ByteLength) + plan.Bytes + RoomForPadding);

            using CancellationTokenSource interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using IDisposable registration = host.OnInterrupt(interrupted.Cancel);
            Run(host, plan, path, result.GetValue(threads) ?? ComputeFlags.ReadThreads(host), interrupted.Token);
            return Task.FromResult(0);
        });
        return command;
    }

    private static string TypeNames => string.Join(", ", QuantizationRecipe.All.Select(recipe => recipe.Name));

    private static QuantizationRecipe Recipe(string name) => QuantizationRecipe.TryFind(name, out QuantizationRecipe? recipe)
        ? recipe
        : throw new CommandLineException($"TYPE must be one of {TypeNames}, not '{name}'.");

    private static void RequireSource(QuantizationPlan plan, bool allowed)
    {
        if (plan.Requantized is { } tensor && !allowed)
        {
            throw new CommandLineException(
                $"'{plan.File.Paths[0]}' is quantized already ({GgmlTypes.Name(tensor.Type)}), and rounding it again loses more: start from a file in F16, BF16 or F32, or give --allow-requantize.");
        }
    }

    private static void Run(CliHost host, QuantizationPlan plan, string path, int threads, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        using (ProgressLine progress = new(host, $"quantizing to {plan.Recipe.Name}", plan.Bytes))
        {
            OutputFile.Write(path, () => ModelQuantizer.Write(plan, path, threads, progress.Report, cancellationToken));
        }
        foreach (var fallen in plan.Tensors.Where(tensor => tensor.Type != tensor.Wanted).GroupBy(tensor => (tensor.Wanted, tensor.Type)))
        {
            host.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Note: {fallen.Count()} tensors are {GgmlTypes.Name(fallen.Key.Type)} in place of {GgmlTypes.Name(fallen.Key.Wanted)}, because their rows are no multiple of {GgmlTypes.BlockLength(fallen.Key.Wanted)}."));
        }
        host.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{path}: {plan.Recipe.Name}, {HumanBytes.Of(new FileInfo(path).Length)} from {HumanBytes.Of(plan.File.FileBytes)}, {plan.BitsPerWeight:0.00} bits per weight, {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s"));
    }
}
