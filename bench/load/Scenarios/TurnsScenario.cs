using LocalLlm.Load.Http;
using LocalLlm.Load.Prompts;
using LocalLlm.Load.Results;

namespace LocalLlm.Load.Scenarios;

/// <summary>Conversations of two turns, one after the other: what the second costs when the server remembers the first.</summary>
/// <param name="settings">What to do.</param>
internal sealed class TurnsScenario(TurnsSettings settings)
{
    private const int SecondMessageTokens = 20;
    private const int SecondAnswerTokens = 16;
    private const int CandidatesPerConversation = 4;
    private const double MostRatio = 0.1;

    /// <summary>Runs it with one model.</summary>
    /// <returns>Whether all requests were answered.</returns>
    public async Task<bool> RunAsync(LoadOptions options, LoadModel model, LoadReport report, CancellationToken cancellationToken)
    {
        await using TargetServer server = await TargetServer.OpenAsync(options, model, [], cancellationToken);
        PromptMix mix = await PromptMix.CreateAsync(server, new MixSettings(1, 1, 1, 0, options.Seed), cancellationToken);
        List<Conversation> conversations = [];
        for (int tried = 0; conversations.Count < settings.Conversations && tried < CandidatesPerConversation * settings.Conversations; tried++)
        {
            Conversation conversation = await TalkAsync(server, mix, cancellationToken);
            if (conversation.First.GeneratedTokens == settings.Generate)
            {
                conversations.Add(conversation);
            }
        }
        if (conversations.Count < settings.Conversations)
        {
            throw new InvalidOperationException($"Only {conversations.Count} of {settings.Conversations} conversations had a first answer of {settings.Generate} tokens: generate fewer, or try another --seed.");
        }
        Report(model, report, conversations);
        return true;
    }

    private async Task<Conversation> TalkAsync(TargetServer server, PromptMix mix, CancellationToken cancellationToken)
    {
        string question = $"{{\"role\":\"user\",\"content\":{PromptCase.Quote(mix.Text(settings.PromptTokens))}}}";
        StreamedAnswer first = Checked(await server.ChatAsync($"[{question}]", settings.Generate, cancellationToken));
        string answer = $"{{\"role\":\"assistant\",\"content\":\"{first.EscapedText}\"}}";
        string next = $"{{\"role\":\"user\",\"content\":{PromptCase.Quote(mix.Text(SecondMessageTokens))}}}";
        StreamedAnswer second = Checked(await server.ChatAsync($"[{question},{answer},{next}]", SecondAnswerTokens, cancellationToken));
        return new Conversation(first, second);
    }

    private static StreamedAnswer Checked(StreamedAnswer answer) => answer.IsFinished && answer.Times.Count > 0
        ? answer
        : throw new InvalidOperationException($"A turn failed: {answer.Error ?? $"status {answer.Status}, {answer.GeneratedTokens} tokens without text"}");

    private static void Report(LoadModel model, LoadReport report, List<Conversation> conversations)
    {
        List<string[]> rows = [["conversation", "prompt tokens", "first token ms", "answer tokens", "second prompt", "of that cached", "first token ms", "ratio"]];
        for (int i = 0; i < conversations.Count; i++)
        {
            (StreamedAnswer first, StreamedAnswer second) = conversations[i];
            rows.Add(
            [
                $"{i + 1}", $"{first.PromptTokens}", Figures.Of(first.FirstTokenMilliseconds), $"{first.GeneratedTokens}", $"{second.PromptTokens}",
                $"{second.CachedTokens}", Figures.Of(second.FirstTokenMilliseconds), Figures.Of(conversations[i].Ratio),
            ]);
        }
        double Median(Func<Conversation, double> value) => Figures.Percentile([.. conversations.Select(value).Order()], 0.5);
        double before = Median(conversation => conversation.First.FirstTokenMilliseconds), after = Median(conversation => conversation.Second.FirstTokenMilliseconds);
        rows.Add(["median", "", Figures.Of(before), "", "", "", Figures.Of(after), Figures.Of(Median(conversation => conversation.Ratio))]);
        double evaluated = Median(conversation => conversation.Second.PromptTokens - conversation.Second.CachedTokens);
        report.Add(
            $"Second turn: {model.Name}", rows,
            [
                Figures.Invariant($"Median of the second turn {after / before:0.0 %} of that of the first; at most {MostRatio:0 %}: {(after <= MostRatio * before ? "met" : "missed")}."),
                Figures.Invariant($"Tokens evaluated in the second turn: {evaluated} (median), of which about {SecondMessageTokens} in its message. Text that no tokenizer would write, as of random weights, splits into other tokens when it is read back than it was made of: such an answer is evaluated again."),
            ]);
    }

    private sealed record Conversation(StreamedAnswer First, StreamedAnswer Second)
    {
        public double Ratio => Second.FirstTokenMilliseconds / First.FirstTokenMilliseconds;
    }
}

/// <summary>What <see cref="TurnsScenario"/> shall do.</summary>
/// <param name="Conversations">How many.</param>
/// <param name="PromptTokens">Tokens of the first message, about.</param>
/// <param name="Generate">Tokens of the first answer.</param>
internal sealed record TurnsSettings(int Conversations, int PromptTokens, int Generate);
