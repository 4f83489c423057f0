using LocalLlm.Engine;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Sampling;
using LocalLlm.Kernels;
using LocalLlm.Load.Results;

namespace LocalLlm.Load.Scenarios;

/// <summary>
/// What guessing gains and costs: texts of <c>bench/speculation</c> replayed with and without it, alternating, in this process; then an answer that the
/// bundled model chooses itself, which must not change.
/// </summary>
/// <param name="rounds">How often each text is replayed; medians count.</param>
internal sealed class SpeculationScenario(int rounds)
{
    private const string Repeat =
        "Repeat this list word for word, three times:\nred apple, green pear, blue plum, white peach, black cherry, golden quince\n";

    /// <summary>Runs it.</summary>
    /// <param name="options">Where results go; the SIMD level.</param>
    /// <param name="model">The model whose speed is measured.</param>
    /// <param name="report">Gets the outcome.</param>
    /// <param name="cancellationToken">Breaks off.</param>
    /// <returns>Whether the answer was the same.</returns>
    public async Task<bool> RunAsync(LoadOptions options, LoadModel model, LoadReport report, CancellationToken cancellationToken)
    {
        ModelOptions settings = new() { Simd = SimdLevels.Parse(options.Simd), ContextLength = 4096, CacheBytes = 1L << 30 };
        string bundled = BenchModel.SmolLm2.Ensure(Checkout.Root, "");
        List<string[]> table = [["text", "tokens", "plain tokens/s", "guessing tokens/s", "ratio", "guessed", "right"]];
        bool same;
        await using (ReplayPair pair = new(model.Path, settings))
        {
            // The bundled model's vocabulary cuts the texts as real ones do; a synthetic one's invented words would not.
            await using TextEngine words = new(LanguageModel.Load(bundled, settings));
            foreach (ReplayText text in await ReplayText.AllAsync(words, cancellationToken))
            {
                table.Add(await pair.MeasureAsync(text, rounds, cancellationToken));
            }
        }
        string note;
        (same, note) = await AnswerAsync(bundled, settings, cancellationToken);
        report.Add(
            $"Speculation: {model.Name}",
            table,
            [
                "Code: a file after an edit, with the file before it as the prompt. Prose: its second half, with the first as the prompt. Forced tokens, median of the rounds, both ways alternating.",
                note,
            ]);
        return same;
    }

    private static async Task<(bool Same, string Note)> AnswerAsync(string bundled, ModelOptions settings, CancellationToken cancellationToken)
    {
        GenerationRequest request = new()
        {
            Messages = [new ChatMessage { Role = "user", Content = Repeat }],
            Sampling = new SamplingOptions { Temperature = 0 },
            MaxTokens = 160,
        };
        (string text, GenerationFinished plain, _) = await AskAsync(settings with { Speculation = false });
        (_, GenerationFinished guessed, EngineStatus status) = await AskAsync(settings);
        bool same = plain.Context.SequenceEqual(guessed.Context);
        double gain = plain.Usage.GenerationDuration / guessed.Usage.GenerationDuration;
        return (same, Figures.Invariant(
            $"SmolLM2, greedy, \"{Repeat.ReplaceLineEndings(" ").Trim()}\": {guessed.Usage.GeneratedTokens} tokens, {(same ? "the same" : "NOT THE SAME")} with and without, {gain:0.0}x as fast, {status.AcceptedTokens} of {status.DraftedTokens} guessed tokens right. Its answer: \"{text.ReplaceLineEndings(" ").Trim()}\""));

        async Task<(string Text, GenerationFinished Finished, EngineStatus Status)> AskAsync(ModelOptions with)
        {
            await using TextEngine engine = new(LanguageModel.Load(bundled, with));
            // The first answer pays for compiling.
            await ReplayPair.RunAsync(engine, request with { MaxTokens = 8 }, cancellationToken);
            EngineStatus before = engine.Status;
            (string answer, GenerationFinished finished) = await ReplayPair.RunAsync(engine, request, cancellationToken);
            EngineStatus after = engine.Status;
            return (answer, finished, after with
            {
                DraftedTokens = after.DraftedTokens - before.DraftedTokens,
                AcceptedTokens = after.AcceptedTokens - before.AcceptedTokens,
            });
        }
    }
}
