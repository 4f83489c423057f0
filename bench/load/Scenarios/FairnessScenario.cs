using System.Net;
using LocalLlm.Load.Http;
using LocalLlm.Load.Prompts;
using LocalLlm.Load.Results;

namespace LocalLlm.Load.Scenarios;

/// <summary>One address with many requests, another with one that comes later: fair is that the latter waits for the running answer and about a turn, not for all.</summary>
/// <param name="requests">Requests of the first.</param>
internal sealed class FairnessScenario(int requests)
{
    private const int Generate = 32;
    private const int MostBefore = 2; // the answer under way, and one turn of the other client
    private static readonly IPAddress s_greedy = IPAddress.Parse("127.0.0.1"), s_modest = IPAddress.Parse("127.0.0.2");

    /// <summary>Runs it with one model.</summary>
    /// <returns>Whether all requests were answered.</returns>
    public async Task<bool> RunAsync(LoadOptions options, LoadModel model, LoadReport report, CancellationToken cancellationToken)
    {
        await using TargetServer server = await TargetServer.OpenAsync(options, model, [new("OLLAMA_NUM_PARALLEL", "1")], cancellationToken);
        PromptMix mix = await PromptMix.CreateAsync(server, new MixSettings(64, 64, Generate, 0.8, options.Seed), cancellationToken);
        Task<StreamedAnswer>[] many = [.. Enumerable.Range(0, requests).Select(_ => server.GenerateAsync(mix.Next(), cancellationToken, s_greedy))];
        // One answer has ended, the next is under way, the others wait.
        await Task.WhenAny(many);
        StreamedAnswer one = await server.GenerateAsync(mix.Next(), cancellationToken, s_modest);
        StreamedAnswer[] answers = await Task.WhenAll(many);
        if (answers.Append(one).FirstOrDefault(answer => !answer.IsFinished) is { } failed)
        {
            throw new InvalidOperationException($"A request failed: {failed.Error ?? $"status {failed.Status}"}");
        }
        Report(model, report, answers, one);
        return true;
    }

    private static void Report(LoadModel model, LoadReport report, StreamedAnswer[] many, StreamedAnswer one)
    {
        long[] ends = [.. many.Select(answer => answer.Ended).Order()];
        double turn = Figures.Percentile([.. ends.Zip(ends.Skip(1), Figures.Milliseconds).Order()], 0.5);
        double wait = one.FirstTokenMilliseconds / turn;
        int before = ends.Count(end => end > one.Begun && end < one.Ended);
        double[] others = [.. many.Select(answer => answer.FirstTokenMilliseconds).Order()];
        report.Add(
            $"Fairness: {model.Name}",
            [
                ["client", "requests", "first token ms, median", "largest"],
                [$"{s_greedy}", $"{many.Length}", Figures.Of(Figures.Percentile(others, 0.5)), Figures.Of(others[^1])],
                [$"{s_modest}", "1", Figures.Of(one.FirstTokenMilliseconds), ""],
            ],
            [Figures.Invariant($"One request at a time (OLLAMA_NUM_PARALLEL=1), {Generate} tokens each, a turn of {turn:0} ms (median). The lone request's first token took {wait:0.0} turns; {before} answers ended before its own, of at most {MostBefore} (the one under way and one turn): {(before <= MostBefore ? "met" : "missed")}.")]);
    }
}
