using System.CommandLine;
using System.Globalization;
using LocalLlm.Engine.Conversion;
using LocalLlm.Gguf;

namespace LocalLlm.Server.Cli;

/// <summary><c>convert</c>: a model as published on Hugging Face (a directory of safetensors) as a GGUF file.</summary>
internal static class ConvertCommand
{
    // Keys and the vocabulary: some 10 MB for 150,000 tokens. Tensors are counted to the byte.
    private const long BytesBesideTensors = 32 << 20;

    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> input = new("DIR") { Description = "The directory with config.json, tokenizer.json and the safetensors" };
        Argument<string> output = new("OUT") { Description = "The GGUF file to write" };
        Option<GgmlType?> type = Flags.Choice(
            "--type", "Format of the weights; by default that of the safetensors", ("bf16", GgmlType.BF16), ("f16", GgmlType.F16), ("f32", GgmlType.F32));
        Option<bool> force = new("--force") { Description = "Replace the file if it exists" };
        Command command = new("convert", "Write a model of Hugging Face's layout (safetensors) as a GGUF file.") { input, output, type, force };
        command.SetAction((result, cancellationToken) =>
        {
            using CancellationTokenSource interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using IDisposable registration = host.OnInterrupt(interrupted.Cancel);
            using ModelConverter converter = ModelConverter.Open(result.GetRequiredValue(input), new ConversionOptions { MatrixType = result.GetValue(type) });
            string path = Path.GetFullPath(result.GetRequiredValue(output));
            OutputFile.Require(host, path, result.GetValue(force), converter.TensorBytes + BytesBesideTensors);
            string format = GgmlTypes.Name(converter.MatrixType);
            using (ProgressLine line = new(host, $"converting to {format}", converter.TensorBytes))
            {
                OutputFile.Write(path, () => converter.Write(path, new Reporter(line), interrupted.Token));
            }
            host.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{path}: {converter.Architecture} {format}, {HumanBytes.Of(new FileInfo(path).Length)}"));
            return Task.FromResult(0);
        });
        return command;
    }

    private sealed class Reporter(ProgressLine line) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => line.Report(value.Bytes);
    }
}
