using System.CommandLine;
using System.Diagnostics;
using LocalLlm.Kernels;
using LocalLlm.Peers.Embeddings.Results;

namespace LocalLlm.Peers.Embeddings;

/// <summary><c>bench/peers/run.sh embeddings</c>.</summary>
internal static class EmbedCommand
{
    private const int Samples = 5;
    private const int Patience = 120;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<string?> f16 = new("--f16") { Description = "all-MiniLM-L6-v2 in F16, a GGUF file; by default what LOCALLLM_ALL_MINILM names", HelpName = "FILE" };
        Option<string[]> rows = new("--rows") { Description = "Only rows whose name contains one of these texts", HelpName = "TEXT", AllowMultipleArgumentsPerToken = true };
        Option<string?> simd = new("--simd") { Description = "SIMD level of our engine; llama.cpp always picks its own", HelpName = "LEVEL" };
        Option<int?> threads = new("--threads") { Description = "Threads of both engines; by default the physical cores", HelpName = "N" };
        Option<int?> samples = new("--samples") { Description = $"Samples of each engine; by default {Samples}", HelpName = "N" };
        Option<int?> patience = new("--patience") { Description = $"Seconds that retakes of disturbed samples may cost in all; by default {Patience}", HelpName = "SECONDS" };
        Option<string?> output = new("--output") { Description = "Folder for the results; by default docs/benchmarks", HelpName = "FOLDER" };
        Command command = new("embeddings", "Measures how fast both embed texts: five minutes.") { f16, rows, simd, threads, samples, patience, output };
        command.SetAction(result =>
        {
            EmbedOptions options = new()
            {
                F16 = F16File(result.GetValue(f16)),
                Q8 = Checkout.File("models", "all-MiniLM-L6-v2.Q8_0.gguf"),
                Library = PeerPackage.Ensure(Checkout.Root, Checkout.Cache),
                Commit = Machine.Commit(Checkout.Root),
                Simd = SimdLevels.Name(SimdLevels.Parse(result.GetValue(simd))),
                Threads = PeersCommand.AtLeastOne("--threads", result.GetValue(threads)) ?? WorkerPool.DefaultThreads,
                Samples = PeersCommand.AtLeastOne("--samples", result.GetValue(samples)) ?? Samples,
                Patience = TimeSpan.FromSeconds(result.GetValue(patience) ?? Patience),
            };
            string[] texts = result.GetValue(rows) ?? [];
            EmbedRow[] wanted = [.. EmbedRow.All.Where(row => texts.Length == 0 || texts.Any(text => row.Name.Contains(text, StringComparison.OrdinalIgnoreCase)))];
            if (wanted.Length == 0)
            {
                throw new ArgumentException($"No row's name contains that; the rows are: {string.Join("; ", EmbedRow.All.Select(row => row.Name))}.");
            }
            Run(options, wanted, result.GetValue(output) ?? Checkout.File("docs", "benchmarks"));
        });
        return command;
    }

    private static string F16File(string? named)
    {
        string? file = named ?? Environment.GetEnvironmentVariable("LOCALLLM_ALL_MINILM");
        return File.Exists(file)
            ? Path.GetFullPath(file)
            : throw new ArgumentException($"llama.cpp is measured with all-MiniLM-L6-v2 in F16, {(file is null ? "which is not in the repository" : $"but there is no '{file}'")}: name the file with --f16 or LOCALLLM_ALL_MINILM.");
    }

    private static void Run(EmbedOptions options, EmbedRow[] rows, string folder)
    {
        EmbedResultFile results = new(folder, options.Simd);
        using EmbedMeasurement measurement = new(options);
        Stopwatch total = Stopwatch.StartNew();
        foreach (EmbedRow row in rows)
        {
            Console.Error.WriteLine($"{row.Name}:");
            IReadOnlyList<EmbedResult> lines = measurement.Measure(row);
            results.Add(lines);
            foreach (EmbedResult line in lines)
            {
                Console.Error.WriteLine(FormattableString.Invariant(
                    $"  {line.Way} {line.Format}: {line.LocalLlm.Median:0} to {line.Peer.Median:0} tokens/s, {line.Ratio:0.00}x{line.Verdict} ({total.Elapsed.TotalMinutes:0.0} min)"));
            }
        }
        HashSet<string> names = [.. rows.Select(row => row.Name)];
        Console.Out.WriteLine(EmbedMarkdown.Table([.. results.Content.Lines.Where(line => names.Contains(line.Row))]));
        Console.Error.WriteLine($"written to {results.MarkdownPath}");
    }
}
