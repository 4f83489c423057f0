using System.Text;
using LocalLlm.Engine;
using LocalLlm.Load.Results;

namespace LocalLlm.Load.Scenarios;

/// <summary>The same model twice, with and without guessing; both map the same file.</summary>
internal sealed class ReplayPair : IAsyncDisposable
{
    private readonly TextEngine _plain, _guessing;
    private ReplayText _text = new("", [], []);

    /// <summary>Loads both.</summary>
    public ReplayPair(string path, ModelOptions settings)
    {
        _plain = new TextEngine(LanguageModel.Load(path, settings with { Speculation = false })) { Chooser = _ => new ReplayedTokens(_text.Continuation) };
        _guessing = new TextEngine(LanguageModel.Load(path, settings)) { Chooser = _ => new ReplayedTokens(_text.Continuation) };
    }

    /// <summary>Replays a text both ways, alternating.</summary>
    /// <returns>A row of the table.</returns>
    public async Task<string[]> MeasureAsync(ReplayText text, int rounds, CancellationToken cancellationToken)
    {
        _text = text;
        GenerationRequest request = new() { Prompt = "", Context = text.Prompt, MaxTokens = text.Continuation.Length };
        List<double> plain = [], guessing = [], ratios = [];
        EngineStatus before = _guessing.Status;
        for (int round = 0; round < rounds; round++)
        {
            plain.Add(Speed((await RunAsync(_plain, request, cancellationToken)).Finished));
            guessing.Add(Speed((await RunAsync(_guessing, request, cancellationToken)).Finished));
            ratios.Add(guessing[^1] / plain[^1]);
        }
        EngineStatus after = _guessing.Status;
        long drafted = after.DraftedTokens - before.DraftedTokens, accepted = after.AcceptedTokens - before.AcceptedTokens;
        return
        [
            text.Name,
            $"{text.Continuation.Length}",
            Figures.Of(Median(plain)),
            Figures.Of(Median(guessing)),
            Figures.Of(Median(ratios)) + "x",
            Figures.Invariant($"{(double)drafted / rounds:0}"),
            drafted == 0 ? "" : Figures.Invariant($"{100.0 * accepted / drafted:0} %"),
        ];
    }

    /// <summary>Runs a request to its end.</summary>
    public static async Task<(string Text, GenerationFinished Finished)> RunAsync(TextEngine engine, GenerationRequest request, CancellationToken cancellationToken)
    {
        StringBuilder text = new();
        await foreach (GenerationEvent item in engine.GenerateAsync(request, cancellationToken))
        {
            if (item is TextDelta delta)
            {
                text.Append(delta.Text);
            }
            else if (item is GenerationFinished finished)
            {
                return (text.ToString(), finished);
            }
        }
        throw new InvalidOperationException("The answer has no end.");
    }

    /// <summary>Unloads both.</summary>
    public async ValueTask DisposeAsync()
    {
        await _plain.DisposeAsync();
        await _guessing.DisposeAsync();
    }

    private static double Speed(GenerationFinished finished) => (finished.Usage.GeneratedTokens - 1) / finished.Usage.GenerationDuration.TotalSeconds;

    private static double Median(List<double> values) => Figures.Percentile([.. values.Order()], 0.5);
}
