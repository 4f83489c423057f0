using LocalLlm.Load.Http;
using LocalLlm.Load.Prompts;
using LocalLlm.Load.Results;

namespace LocalLlm.Load.Scenarios;

/// <summary>
/// The same prompts for one client and for many: how many more tokens come, how evenly, and whether each answer is what it is alone.
/// Prompts are evaluated afresh in every phase, since the model is loaded anew before it.
/// </summary>
/// <param name="settings">What to do.</param>
internal sealed class ThroughputScenario(ThroughputSettings settings)
{
    private const int CandidatesPerPrompt = 4;

    /// <summary>Runs it with one model.</summary>
    /// <returns>Whether all answers came and were what they are alone.</returns>
    public async Task<bool> RunAsync(LoadOptions options, LoadModel model, LoadReport report, CancellationToken cancellationToken)
    {
        await using TargetServer server = await TargetServer.OpenAsync(options, model, [new("LOCALLLM_SPECULATION", "off")], cancellationToken);
        PromptMix mix = await PromptMix.CreateAsync(server, settings.Mix, cancellationToken);
        ThroughputTable table = new(settings);
        await server.ReloadAsync(cancellationToken);
        (List<PromptCase> prompts, Phase alone) = await AskAloneAsync(server, mix, cancellationToken);
        table.AddAlone(alone);
        bool right = true;
        foreach (int clients in settings.Clients.Where(clients => clients > 1))
        {
            await server.ReloadAsync(cancellationToken);
            Console.Error.WriteLine($"{model.Name}, {settings.Mix.Name}: {clients} clients");
            Phase phase = await Phase.RunAsync(server, prompts, clients, cancellationToken);
            // As many prompts as clients, found in the cache: all soon decode, and nobody joins.
            Phase steady = await Phase.RunAsync(server, [.. prompts.TakeLast(clients)], clients, cancellationToken);
            right &= table.Add(clients, phase, steady, alone.Answers);
        }
        report.Add($"Throughput: {model.Name}, {settings.Mix.Name}", table.Rows, table.Notes(alone));
        return right;
    }

    /// <summary>
    /// Asks one prompt after the other and keeps those whose answer is of full length, so that all clients have the same to do; what is kept is the
    /// truth that other phases are held against, and the measure of one client.
    /// </summary>
    private async Task<(List<PromptCase> Prompts, Phase Alone)> AskAloneAsync(TargetServer server, PromptMix mix, CancellationToken cancellationToken)
    {
        int wanted = settings.Clients.Max() * settings.Rounds;
        List<PromptCase> prompts = [];
        List<Phase> alone = [];
        for (int tried = 0; prompts.Count < wanted && tried < CandidatesPerPrompt * wanted; tried++)
        {
            PromptCase prompt = mix.Next();
            Phase phase = await Phase.RunAsync(server, [prompt], 1, cancellationToken);
            StreamedAnswer answer = phase.Answers[0];
            if (!answer.IsFinished)
            {
                throw new InvalidOperationException($"A request without company failed: {answer.Error ?? $"status {answer.Status}"}");
            }
            if (answer.GeneratedTokens == prompt.Generate)
            {
                prompts.Add(prompt);
                alone.Add(phase);
            }
            if (tried % 8 == 0)
            {
                Console.Error.WriteLine($"alone: {prompts.Count} of {wanted} answers of {prompt.Generate} tokens, {tried + 1} tried");
            }
        }
        return prompts.Count == wanted
            ? (prompts, Phase.InTurn(alone))
            : throw new InvalidOperationException($"Only {prompts.Count} of {CandidatesPerPrompt * wanted} answers had {settings.Mix.Generate} tokens: set --temperature or generate fewer.");
    }
}

/// <summary>What <see cref="ThroughputScenario"/> shall do.</summary>
/// <param name="Mix">The prompts.</param>
/// <param name="Clients">Numbers of clients.</param>
/// <param name="Rounds">Prompts for each of the greatest number of clients.</param>
internal sealed record ThroughputSettings(MixSettings Mix, IReadOnlyList<int> Clients, int Rounds);
