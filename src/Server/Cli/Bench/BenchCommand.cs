using System.CommandLine;
using LocalLlm.Engine;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Cli.Bench;

/// <summary><c>bench</c>: how fast this machine runs a model, in the manner of llama-bench.</summary>
internal sealed class BenchCommand
{
    private const int MostTokens = 1 << 20;

    private enum Format
    {
        Markdown,
        Json,
        Csv,
    }

    private readonly CliHost _host;
    private readonly Argument<string> _model = new("MODEL") { Description = "A model's name, or the path of a GGUF file" };
    private readonly Option<int[]> _prompts = Flags.Int32List("--n-prompt", "-p", "Tokens of a prompt, by default 512; 0 measures no prompt", 0, MostTokens);
    private readonly Option<int[]> _generations = Flags.Int32List("--n-gen", "-n", "Tokens generated, by default 128; 0 measures no generation", 0, MostTokens);
    private readonly Option<int[]> _depths = Flags.Int32List("--n-depth", "-d", "Tokens in the cache before, by default 0", 0, MostTokens);
    private readonly Option<int[]> _threads = Flags.Int32List("--threads", "-t", "Threads that compute; by default the physical cores (environment: LOCALLLM_THREADS)", 1, ComputeFlags.MaxThreads);
    private readonly Option<int?> _repetitions = Flags.Int32("--repetitions", "Times that every test is measured, by default 3", 1, 1000);
    private readonly Option<Format?> _format = Flags.Choice("--output", "Form of the results, by default md", ("md", Format.Markdown), ("json", Format.Json), ("csv", Format.Csv));
    private readonly ComputeFlags _compute = new();
    private readonly AdapterFlags _adapters = new();

    private BenchCommand(CliHost host) => _host = host;

    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        BenchCommand bench = new(host);
        bench._repetitions.Aliases.Add("-r");
        bench._format.Aliases.Add("-o");
        Command command = new("bench", "Measure how fast a model runs here: every combination of the numbers given, separated by commas.")
        {
            bench._model, bench._prompts, bench._generations, bench._depths, bench._threads, bench._repetitions, bench._format,
        };
        bench._compute.AddArithmeticTo(command);
        bench._adapters.AddTo(command);
        command.SetAction((result, cancellationToken) =>
        {
            bench.Run(result, cancellationToken);
            return Task.FromResult(0);
        });
        return command;
    }

    private void Run(ParseResult result, CancellationToken cancellationToken)
    {
        ModelOptions options = _compute.Read(result, _host) with { Adapters = _adapters.Read(result) };
        int[] Numbers(Option<int[]> option, int fallback) => result.GetValue(option) is { Length: > 0 } given ? given : [fallback];
        IReadOnlyList<BenchTest> tests = BenchTest.All(Numbers(_prompts, 512), Numbers(_generations, 128), Numbers(_depths, 0), Numbers(_threads, options.Threads));
        if (tests.Count == 0)
        {
            throw new CommandLineException("There is nothing to measure: give --n-prompt or --n-gen a number above 0.");
        }
        ServedModel model = _host.Models.Resolve(result.GetRequiredValue(_model));
        IBenchReport report = result.GetValue(_format) switch
        {
            Format.Json => new JsonReport(_host.Out),
            Format.Csv => new CsvReport(_host.Out),
            _ => new MarkdownReport(_host.Out),
        };
        using CancellationTokenSource interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using IDisposable registration = _host.OnInterrupt(interrupted.Cancel);
        Measure(tests, result.GetValue(_repetitions) ?? 3, threads => LanguageModel.Load(model.Path, model.LoadOptions(options) with { Threads = threads }), report, interrupted.Token);
    }

    /// <summary>Loads the model once for each number of threads, and fills each depth once.</summary>
    private void Measure(IReadOnlyList<BenchTest> tests, int repetitions, Func<int, LanguageModel> load, IBenchReport report, CancellationToken cancellationToken)
    {
        bool begun = false;
        try
        {
            foreach (IGrouping<int, BenchTest> ofThreads in tests.GroupBy(test => test.Threads))
            {
                using LanguageModel model = load(ofThreads.Key);
                BenchSetting setting = BenchSetting.Of(model);
                if (!begun)
                {
                    report.Begin(setting);
                    begun = true;
                }
                foreach (IGrouping<int, BenchTest> ofDepth in ofThreads.GroupBy(test => test.Depth))
                {
                    if (ofDepth.Key > 0)
                    {
                        _host.Error.WriteLine($"filling the cache to a depth of {ofDepth.Key}");
                    }
                    using BenchRunner runner = new(model, ofDepth.Key, ofDepth.Max(test => test.Tokens), cancellationToken);
                    foreach (BenchTest test in ofDepth)
                    {
                        _host.Error.WriteLine($"{test.Name}, threads {test.Threads}: warm-up, then {repetitions} times");
                        report.Add(setting, runner.Run(test, repetitions, cancellationToken));
                    }
                }
            }
        }
        finally
        {
            if (begun)
            {
                report.End();
            }
        }
    }
}
