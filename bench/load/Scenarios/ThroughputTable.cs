using LocalLlm.Load.Http;
using LocalLlm.Load.Results;

namespace LocalLlm.Load.Scenarios;

/// <summary>The table of <see cref="ThroughputScenario"/>.</summary>
/// <param name="settings">What is done.</param>
internal sealed class ThroughputTable(ThroughputSettings settings)
{
    // The ratios are asked of prompts up to this length: with long ones the prompts are most of the work, and that is bound by arithmetic for one client too.
    private const int MostPromptTokens = 256;
    private const double MostGapAt99 = 5, MostGap = 20;
    private static readonly Dictionary<int, double> s_leastRatio = new() { [8] = 3, [32] = 4 };

    private readonly List<string[]> _rows =
    [
        ["clients", "tokens/s", "ratio", "first token ms", "p99", "decode step ms", "gap ms", "p99", "max", "p99 / step", "max / step", "as alone", "driver CPU", "others' CPU"],
    ];

    private readonly List<string> _verdicts = [];
    private double _alone;

    /// <summary>The rows, the header first.</summary>
    public IReadOnlyList<string[]> Rows => _rows;

    /// <summary>Adds the phase of one client, whose gaps are the pure decode step.</summary>
    public void AddAlone(Phase phase)
    {
        _alone = phase.TokensPerSecond;
        double[] gaps = phase.Gaps();
        AddRow(1, phase, Figures.Percentile(gaps, 0.5), gaps, "");
    }

    /// <summary>Adds a phase of several clients.</summary>
    /// <returns>Whether all answers came and are those of one client.</returns>
    public bool Add(int clients, Phase phase, Phase steady, StreamedAnswer[] alone)
    {
        double[] gaps = phase.Gaps();
        double step = Figures.Percentile(steady.DecodeGaps(), 0.5);
        int same = phase.Answers.Zip(alone).Count(pair => pair.First.IsFinished && pair.First.Equals(pair.Second));
        int lost = phase.Answers.Count(answer => !answer.IsFinished);
        AddRow(clients, phase, step, gaps, $"{same} of {alone.Length}" + (lost > 0 ? $", {lost} lost" : ""));
        if (lost > 0)
        {
            _verdicts.Add($"{clients} clients: lost, for one: {phase.Answers.First(answer => !answer.IsFinished).Error ?? "no last item"}");
        }
        Judge(clients, phase.TokensPerSecond / _alone, Figures.Percentile(gaps, 0.99) / step, Figures.Percentile(gaps, 1) / step);
        return same == alone.Length;
    }

    /// <summary>Lines under the table.</summary>
    public IReadOnlyList<string> Notes(Phase alone)
    {
        int[] prompts = [.. alone.Answers.Select(answer => answer.PromptTokens).Order()];
        int different = alone.Answers.Select(answer => answer.EscapedText).Distinct(StringComparer.Ordinal).Count();
        double pieces = alone.Answers.Average(answer => (double)answer.Times.Count / answer.GeneratedTokens);
        return
        [
            .. _verdicts,
            Figures.Invariant($"{alone.Answers.Length} prompts of {prompts[0]} to {prompts[^1]} tokens (mean {prompts.Average():0}), {settings.Mix.Generate} generated, temperature {settings.Mix.Temperature}, fixed seeds; {different} answers differ from each other; {pieces:0.00} items with text for each token."),
            "Tokens/s: generated tokens from the first request to the last answer. Decode step: median gap while as many clients decode and none joins. As alone: text and count of each answer equal those of one client.",
        ];
    }

    private void Judge(int clients, double ratio, double gapAt99, double gap)
    {
        string verdict = "";
        if (settings.Mix.MostTokens <= MostPromptTokens && s_leastRatio.TryGetValue(clients, out double least))
        {
            verdict = Figures.Invariant($"ratio {ratio:0.00} of at least {least}: {(ratio >= least ? "met" : "missed")}; ");
        }
        _verdicts.Add(double.IsNaN(gap)
            ? $"{clients} clients: {verdict}the decode step is unknown, as the clients never decoded all at once."
            : Figures.Invariant($"{clients} clients: {verdict}gap p99 {gapAt99:0.0} of at most {MostGapAt99} steps: {(gapAt99 <= MostGapAt99 ? "met" : "missed")}; largest {gap:0.0} of at most {MostGap}: {(gap <= MostGap ? "met" : "missed")}."));
    }

    private void AddRow(int clients, Phase phase, double step, double[] gaps, string asAlone)
    {
        double[] first = phase.FirstTokens();
        double gapAt99 = Figures.Percentile(gaps, 0.99), gap = Figures.Percentile(gaps, 1);
        _rows.Add(
        [
            $"{clients}", Figures.Of(phase.TokensPerSecond), Figures.Of(phase.TokensPerSecond / _alone),
            Figures.Of(Figures.Percentile(first, 0.5)), Figures.Of(Figures.Percentile(first, 0.99)), Figures.Of(step),
            Figures.Of(Figures.Percentile(gaps, 0.5)), Figures.Of(gapAt99), Figures.Of(gap), Figures.Of(gapAt99 / step), Figures.Of(gap / step),
            asAlone, Figures.Invariant($"{phase.Load.DriverShare:0 %}"), double.IsNaN(phase.Load.OthersShare) ? "" : Figures.Invariant($"{phase.Load.OthersShare:0 %}"),
        ]);
    }
}
