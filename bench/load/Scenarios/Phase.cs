using System.Collections.Concurrent;
using System.Diagnostics;
using LocalLlm.Load.Http;
using LocalLlm.Load.Prompts;
using LocalLlm.Load.Results;

namespace LocalLlm.Load.Scenarios;

/// <summary>A number of clients, each of which asks again as soon as it has its answer, until all prompts are answered.</summary>
internal sealed class Phase
{
    private Phase(StreamedAnswer[] answers, PhaseLoad load) => (Answers, Load) = (answers, load);

    /// <summary>The answers in the order of the prompts.</summary>
    public StreamedAnswer[] Answers { get; }

    /// <summary>What the machine did meanwhile.</summary>
    public PhaseLoad Load { get; }

    /// <summary>Tokens generated in each second, from the first request to the last answer.</summary>
    public double TokensPerSecond => Answers.Sum(answer => answer.GeneratedTokens) / Load.Seconds;

    /// <summary>Runs a phase.</summary>
    public static async Task<Phase> RunAsync(TargetServer server, IReadOnlyList<PromptCase> prompts, int clients, CancellationToken cancellationToken)
    {
        ConcurrentQueue<int> left = new(Enumerable.Range(0, prompts.Count));
        StreamedAnswer[] answers = new StreamedAnswer[prompts.Count];
        async Task ServeAsync()
        {
            while (left.TryDequeue(out int next))
            {
                answers[next] = await server.GenerateAsync(prompts[next], cancellationToken);
            }
        }
        PhaseLoad.Start start = PhaseLoad.Begin(server.Process);
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => ServeAsync()));
        return new Phase(answers, start.End());
    }

    /// <summary>Phases that followed each other, as one: pauses between them do not count.</summary>
    public static Phase InTurn(IReadOnlyList<Phase> phases)
    {
        double seconds = phases.Sum(phase => phase.Load.Seconds);
        double Share(Func<PhaseLoad, double> share) => phases.Sum(phase => share(phase.Load) * phase.Load.Seconds) / seconds;
        return new Phase([.. phases.SelectMany(phase => phase.Answers)], new PhaseLoad(seconds, Share(load => load.DriverShare), Share(load => load.OthersShare)));
    }

    /// <summary>Milliseconds until the first text of each answer, ascending.</summary>
    public double[] FirstTokens() => [.. Answers.Where(answer => answer.Times.Count > 0).Select(answer => answer.FirstTokenMilliseconds).Order()];

    /// <summary>Milliseconds between one piece of text and the next, ascending.</summary>
    public double[] Gaps() => GapsBetween(long.MinValue, long.MaxValue);

    /// <summary>
    /// Gaps while nothing but decoding went on: from when the last of the answers had begun until the first ended, in a phase with as many prompts as clients.
    /// </summary>
    public double[] DecodeGaps() => Answers.Any(answer => answer.Times.Count == 0)
        ? []
        : GapsBetween(Answers.Max(answer => answer.Times[0]), Answers.Min(answer => answer.Times[^1]));

    private double[] GapsBetween(long from, long to)
    {
        IEnumerable<double> gaps = Answers.SelectMany(answer => answer.Times.Zip(answer.Times.Skip(1)))
            .Where(pair => pair.First >= from && pair.Second <= to)
            .Select(pair => Figures.Milliseconds(pair.First, pair.Second));
        return [.. gaps.Order()];
    }
}

/// <summary>What the machine did during a phase.</summary>
/// <param name="Seconds">How long it took.</param>
/// <param name="DriverShare">Share of the machine that this program used.</param>
/// <param name="OthersShare">Share that neither the server nor this program used, but others; not a number where the server was not started here.</param>
internal sealed record PhaseLoad(double Seconds, double DriverShare, double OthersShare)
{
    /// <summary>Begins to look.</summary>
    /// <param name="server">The server's process, if it was started here.</param>
    public static Start Begin(int? server) => new(server, ServerSeconds(server), Machine.BusySeconds(), Environment.CpuUsage.TotalTime.TotalSeconds, Stopwatch.GetTimestamp());

    private static double ServerSeconds(int? server) => server is { } process ? ProcessTree.TreeCpuSeconds(process) : double.NaN;

    /// <summary>How things stood at the beginning.</summary>
    internal sealed record Start(int? Server, double Served, double Busy, double Own, long Timestamp)
    {
        /// <summary>Looks again.</summary>
        public PhaseLoad End()
        {
            double seconds = Stopwatch.GetElapsedTime(Timestamp).TotalSeconds;
            double machine = seconds * Environment.ProcessorCount;
            double own = Environment.CpuUsage.TotalTime.TotalSeconds - Own;
            double others = Machine.BusySeconds() - Busy - own - (ServerSeconds(Server) - Served);
            return new PhaseLoad(seconds, own / machine, Math.Max(0, others) / machine);
        }
    }
}
