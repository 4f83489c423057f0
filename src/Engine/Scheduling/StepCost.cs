namespace LocalLlm.Engine.Scheduling;

/// <summary>
/// What a pass costs, learned from those that were run: one that only decodes, as a straight line over its number of tokens, and what each token of a
/// prompt adds. The answers only steer how work is cut; what is computed does not depend on them.
/// </summary>
internal sealed class StepCost
{
    // Weight of a new observation: about the last twenty passes count.
    private const double Weight = 0.05;

    // What a further token adds to a pass of one, where nothing was seen yet: less than it does, so that it is tried.
    private const double FirstSlope = 0.05;

    // Tokens whose mean square differs less than this from their squared mean say nothing of the slope.
    private const double LeastVariance = 0.5;

    private double _tokens, _time, _squares, _products;
    private double _slope = FirstSlope;       // share of a pass of one token
    private double _promptToken;
    private bool _seen;

    /// <summary>Learns from a pass without prompts.</summary>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="time">What it took, in any unit.</param>
    public void LearnDecode(int tokens, double time)
    {
        double weight = _seen ? Weight : 1;
        _seen = true;
        _tokens += weight * (tokens - _tokens);
        _time += weight * (time - _time);
        _squares += weight * (((double)tokens * tokens) - _squares);
        _products += weight * ((tokens * time) - _products);
        double variance = _squares - (_tokens * _tokens);
        if (variance >= LeastVariance)
        {
            double perToken = (_products - (_tokens * _time)) / variance;
            double one = _time - (perToken * (_tokens - 1));
            _slope = one > 0 ? Math.Clamp(perToken / one, 0.001, 1) : 1;
        }
    }

    /// <summary>Learns from a pass that evaluated prompts as well.</summary>
    /// <param name="decoded">Tokens of answers in it.</param>
    /// <param name="prompts">Tokens of prompts in it.</param>
    /// <param name="time">What it took.</param>
    public void LearnPrompts(int decoded, int prompts, double time)
    {
        double each = Math.Max(0, time - (decoded > 0 ? Decode(decoded) : 0)) / prompts;
        _promptToken = _promptToken == 0 ? each : _promptToken + (4 * Weight * (each - _promptToken));
    }

    /// <summary>What a pass of so many tokens of answers takes; only ratios mean anything before the first observation.</summary>
    public double Decode(int tokens)
    {
        double one = _seen ? _time / (1 + (_slope * (_tokens - 1))) : 1;
        return one * (1 + (_slope * (tokens - 1)));
    }

    /// <summary>Tokens of prompts that can be added to a pass so that it takes at most so many times as long as without them.</summary>
    /// <param name="decoded">Tokens of answers in it.</param>
    /// <param name="times">How many times.</param>
    /// <param name="unknown">The answer where nothing was seen yet.</param>
    public int PromptTokens(int decoded, double times, int unknown) =>
        !_seen || _promptToken == 0 ? unknown : (int)Math.Min((times - 1) * Decode(decoded) / _promptToken, int.MaxValue);
}
