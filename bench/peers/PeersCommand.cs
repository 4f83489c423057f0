using System.CommandLine;
using System.Diagnostics;
using LocalLlm.Kernels;
using LocalLlm.Peers.Embeddings;
using LocalLlm.Peers.Results;
using LocalLlm.Peers.Rows;

namespace LocalLlm.Peers;

/// <summary>The command line of <c>bench/peers/run.sh</c>.</summary>
internal static class PeersCommand
{
    private const int QuickSamples = 3;
    private const int FullSamples = 7;
    private static readonly TimeSpan QuickPatience = TimeSpan.FromMinutes(2.5);
    private static readonly TimeSpan FullPatience = TimeSpan.FromMinutes(15);

    /// <summary>Makes the command.</summary>
    public static RootCommand Create()
    {
        Option<bool> quick = new("--quick") { Description = "Fewer rows and samples: 10 minutes (the default)" };
        Option<bool> full = new("--full") { Description = "All rows: 60 minutes" };
        Option<string[]> rows = new("--rows") { Description = "Only rows whose name contains one of these texts", HelpName = "TEXT", AllowMultipleArgumentsPerToken = true };
        Option<string?> simd = new("--simd") { Description = "SIMD level of our engine; llama.cpp always picks its own", HelpName = "LEVEL" };
        Option<int?> threads = new("--threads") { Description = "Threads of both engines; by default the physical cores", HelpName = "N" };
        Option<int?> samples = new("--samples") { Description = $"Samples of each engine; by default {QuickSamples}, {FullSamples} with --full", HelpName = "N" };
        Option<bool> again = new("--again") { Description = "Measure rows again that were measured with the same code" };
        Option<string?> output = new("--output") { Description = "Folder for the results; by default docs/benchmarks", HelpName = "FOLDER" };
        RootCommand root = new("Measures LocalLlm and llama.cpp side by side.") { quick, full, rows, simd, threads, samples, again, output, EmbedCommand.Create() };
        root.SetAction(result =>
        {
            bool all = result.GetValue(full);
            string folder = Checkout.Root;
            string cache = Checkout.Cache;
            PeersOptions options = new()
            {
                Root = folder,
                ModelFolder = Path.Combine(cache, "models"),
                Library = PeerPackage.Ensure(folder, cache),
                Commit = Machine.Commit(folder),
                Simd = SimdLevels.Name(SimdLevels.Parse(result.GetValue(simd))),
                Threads = AtLeastOne("--threads", result.GetValue(threads)) ?? WorkerPool.DefaultThreads,
                Samples = AtLeastOne("--samples", result.GetValue(samples)) ?? (all ? FullSamples : QuickSamples),
                Patience = all ? FullPatience : QuickPatience,
            };
            string[] texts = result.GetValue(rows) ?? [];
            BenchRow[] wanted = [.. RowTable.All.Where(row => texts.Length > 0 ? texts.Any(text => row.Name.Contains(text, StringComparison.OrdinalIgnoreCase)) : all || row.Quick)];
            if (wanted.Length == 0)
            {
                throw new ArgumentException($"No row's name contains that; the rows are: {string.Join(", ", RowTable.All.Select(row => row.Name))}.");
            }
            Run(options, wanted, result.GetValue(output) ?? Path.Combine(folder, "docs", "benchmarks"), result.GetValue(again));
        });
        return root;
    }

    /// <summary>The number that an option has, if any; refused below 1.</summary>
    internal static int? AtLeastOne(string option, int? number) => number is < 1 ? throw new ArgumentException($"{option} must be at least 1, not {number}.") : number;

    private static void Run(PeersOptions options, BenchRow[] rows, string folder, bool again)
    {
        ResultFile results = new(folder, options.Simd, [.. RowTable.All.Select(row => row.Name)]);
        RowMeasurement measurement = new(options);
        Stopwatch total = Stopwatch.StartNew();
        foreach (BenchRow row in rows)
        {
            if (!again && results.Has(row.Name, options.Commit, options.Threads, options.Samples))
            {
                Console.Error.WriteLine($"{row.Name}: measured before");
                continue;
            }
            Console.Error.Write($"{row.Name}: ");
            results.Add(measurement.Measure(row));
            RowResult result = results.Content.Rows.Single(other => other.Name == row.Name);
            Console.Error.WriteLine(FormattableString.Invariant(
                $"{result.LocalLlm.Median:0.0} to {result.Peer.Median:0.0} {result.Unit}, {result.Ratio:0.00}x, {(result.Met ? "met" : "missed")} ({total.Elapsed.TotalMinutes:0.0} min)"));
        }
        HashSet<string> names = [.. rows.Select(row => row.Name)];
        Console.Out.WriteLine(Markdown.Table([.. results.Content.Rows.Where(row => names.Contains(row.Name))]));
        Console.Error.WriteLine($"written to {results.MarkdownPath}");
    }
}
