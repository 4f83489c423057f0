using System.CommandLine;
using LocalLlm.Engine;
using LocalLlm.Server.Cli.Vectors;

namespace LocalLlm.Server.Cli;

/// <summary><c>embed</c>: texts as vectors of length 1, one for each text, in their order.</summary>
internal static class EmbedCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        EmbeddingFlags flags = new(host, "embed");
        Argument<string[]> texts = new("TEXT") { Description = "Texts, each of them one; by default the lines of standard input", Arity = ArgumentArity.ZeroOrMore };
        Option<VectorFormat?> format = Flags.Choice<VectorFormat>(
            "--format",
            "Form of the vectors: an array of arrays (the default), comma-separated values, or NumPy's array of float32 [texts, components]",
            ("json", VectorFormat.Json), ("csv", VectorFormat.Csv), ("npy", VectorFormat.Npy));
        Option<string?> output = new("--output", "-o") { Description = "File for the vectors, instead of standard output", HelpName = "FILE" };
        Command command = new("embed", "Write the vectors of texts.") { flags.Model, texts, format, output };
        flags.AddTo(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            IEnumerable<string> lines = flags.Texts(result, result.GetValue(texts) ?? []);
            VectorFormat form = result.GetValue(format) ?? VectorFormat.Json;
            string? path = result.GetValue(output);
            bool isPiped = path is null && form == VectorFormat.Npy;
            if (isPiped && host.OutputIsTerminal)
            {
                throw new CommandLineException("--format npy is for files and programs: say which with --output FILE, > or |.");
            }
            using VectorFile? file = path is null ? null : new VectorFile(path, form);
            using ArrayPipe? pipe = isPiped ? new ArrayPipe(host.OutBytes()) : null;
            IVectorWriter vectors = file?.Vectors ?? pipe ?? VectorFile.For(form, host.Out, null);
            try
            {
                await flags.UseAsync(result, embed => WriteAsync(lines, embed, vectors), cancellationToken);
            }
            catch (Exception e) when (e is not IOException)
            {
                vectors.Abandon();
                throw;
            }
            if (file is null)
            {
                vectors.End();
            }
            file?.Complete();
            return 0;
        });
        return command;
    }

    private static async Task WriteAsync(IEnumerable<string> texts, Func<IReadOnlyList<string>, Task<IReadOnlyList<float[]>>> embed, IVectorWriter vectors)
    {
        int before = 0;
        foreach (IReadOnlyList<string> batch in TextLines.Batches(texts, text => text))
        {
            try
            {
                foreach (float[] vector in await embed(batch))
                {
                    vectors.Add(vector);
                }
            }
            catch (Exception e) when (e is TextEngineException or CommandLineException && batch.Any(text => text.Length == 0))
            {
                // Many models have no vector for nothing. A server counts in the batch, here all texts count.
                string message = e.Message.Split(" (input[")[0];
                throw new CommandLineException($"{message} (text {before + 1 + batch.TakeWhile(text => text.Length > 0).Count()} is empty)");
            }
            before += batch.Count;
        }
    }
}
