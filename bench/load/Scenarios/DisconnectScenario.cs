using LocalLlm.Load.Http;
using LocalLlm.Load.Prompts;
using LocalLlm.Load.Results;

namespace LocalLlm.Load.Scenarios;

/// <summary>
/// Thousands of requests whose clients leave at random moments, by a farewell or a reset. A small set of prompts is asked again and again, so that the cache
/// of prefixes is soon full and memory can be expected to stay what it is; answers that are read to their end must be what they were before.
/// </summary>
/// <param name="requests">How many.</param>
/// <param name="clients">How many at a time.</param>
internal sealed class DisconnectScenario(int requests, int clients)
{
    private const int Prompts = 64, Generate = 16;
    // Beside a twentieth, what a garbage collector may keep at one time and not at another.
    private const double MostGrowth = 1.05, SlackBytes = 16e6;
    private static readonly TimeSpan s_settling = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>Runs it with one model.</summary>
    /// <returns>Whether nothing was left behind, and all answers that were read to their end were right.</returns>
    public async Task<bool> RunAsync(LoadOptions options, LoadModel model, LoadReport report, CancellationToken cancellationToken)
    {
        await using TargetServer server = await TargetServer.OpenAsync(options, model, [], cancellationToken);
        PromptMix mix = await PromptMix.CreateAsync(server, new MixSettings(16, 64, Generate, 0.8, options.Seed), cancellationToken);
        PromptCase[] prompts = [.. Enumerable.Range(0, Prompts).Select(_ => mix.Next())];
        Phase before = await Phase.RunAsync(server, prompts, 1, cancellationToken);
        LeavingClients leaving = new(server, prompts, before.Answers, options.Seed);
        MemoryTrace trace = new(server.Process, () => (double)leaving.Begun / requests);
        await Parallel.ForAsync(
            0, requests, new ParallelOptions { MaxDegreeOfParallelism = clients, CancellationToken = cancellationToken },
            async (_, stop) =>
            {
                await leaving.RunOneAsync(stop);
                trace.Look();
                if (leaving.Begun % 1000 == 0)
                {
                    Console.Error.WriteLine($"{leaving.Begun} of {requests}");
                }
            });
        (double? blocks, double? sequences) = await SettleAsync(server, cancellationToken);
        Phase after = await Phase.RunAsync(server, prompts, clients, cancellationToken);
        int same = after.Answers.Zip(before.Answers).Count(pair => pair.First.IsFinished && pair.First.Equals(pair.Second));
        return Report(model, report, leaving, trace, (blocks, sequences, same));
    }

    /// <summary>Blocks and sequences in use once the server has noticed that all are gone.</summary>
    private static async Task<(double? Blocks, double? Sequences)> SettleAsync(TargetServer server, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = new(s_settling);
        while (true)
        {
            MetricsText? metrics = await server.MetricsAsync(cancellationToken);
            // A server whose engine keeps no account of blocks says nothing by having none in use.
            double? blocks = metrics?.Sum("localllm_kv_blocks") > 0 ? metrics.Sum("localllm_kv_blocks_in_use") : null;
            double? sequences = metrics?.Sum("localllm_active_sequences") + metrics?.Sum("localllm_waiting_sequences");
            if (blocks is null || patience.IsCancellationRequested || (blocks == 0 && sequences == 0))
            {
                return (blocks, sequences);
            }
            await Task.Delay(s_lookAgain, cancellationToken);
        }
    }

    private bool Report(LoadModel model, LoadReport report, LeavingClients leaving, MemoryTrace trace, (double? Blocks, double? Sequences, int Same) end)
    {
        double early = trace.Median(0.1, 0.2), middle = trace.Median(0.45, 0.55), late = trace.Median(0.9, 1.01);
        bool flat = double.IsNaN(late) || late <= MostGrowth * early + SlackBytes;
        bool free = end.Blocks is 0 && end.Sequences is 0;
        string Megabytes(double bytes) => Figures.Of(bytes / 1e6);
        report.Add(
            $"Disconnects: {model.Name}",
            [
                ["requests", .. LeavingClients.Moments, "KV blocks in use", "sequences", "memory MB at 10 to 20 %", "at 50 %", "at 90 to 100 %", "open files"],
                [
                    $"{leaving.Begun}", .. leaving.Counts.Select(count => $"{count}"), Known(end.Blocks), Known(end.Sequences), Megabytes(early), Megabytes(middle), Megabytes(late),
                    $"{trace.HandlesAtFirst} to {trace.HandlesAtLast}",
                ],
            ],
            [
                Figures.Invariant($"{clients} clients at a time, half of which leave by a reset. Of {leaving.Counts[^1]} answers read to their end {leaving.Wrong} were lost or others than before."),
                $"Afterwards all blocks free: {(free ? "met" : end.Blocks is null ? "unknown, as the server tells of none" : "missed")}; {end.Same} of {Prompts} answers as before.",
                Figures.Invariant($"Memory (resident, without mapped files, of server and runners) went from {early / 1e6:0} to {late / 1e6:0} MB; at most {MostGrowth} times and {SlackBytes / 1e6:0} MB: {(flat ? "met" : "missed")}."),
            ]);
        return flat && free && leaving.Wrong == 0 && end.Same == Prompts;
    }

    private static string Known(double? value) => value is { } number ? Figures.Invariant($"{number:0}") : "unknown";
}
