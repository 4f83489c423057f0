namespace LocalLlm.Engine.Scheduling;

/// <summary>
/// What a pass costs, learned from those that were run: one that only decodes, by its number of tokens, and what a piece of a prompt adds. The answers
/// only steer how work is cut; what is computed does not depend on them.
/// </summary>
internal sealed class StepCost
{
    // What a further token adds to a pass of one, where nothing was seen yet: less than it does, so that it is tried.
    private const double FirstSlope = 0.05;

    // Kernels for many tokens cost something before the first token: a piece is dearer than its share of a long prompt.
    private const double PieceSurcharge = 2;

    private readonly LearnedLine _decode = new(0.05, 0.5);
    private readonly LearnedLine _piece = new(0.1, 16);
    private double _slope = FirstSlope;       // share of a pass of one token
    private double _promptToken;              // where nobody else is in the pass; 0 if unknown

    /// <summary>Learns from a pass without prompts.</summary>
    /// <param name="tokens">Its tokens.</param>
    /// <param name="time">What it took, in any unit.</param>
    public void LearnDecode(int tokens, double time)
    {
        _decode.Learn(tokens, time);
        if (_decode.TrySlope(out double slope))
        {
            double one = _decode.MeanY - (slope * (_decode.MeanX - 1));
            _slope = one > 0 ? Math.Clamp(slope / one, 0.001, 1) : 1;
        }
    }

    /// <summary>Learns from a pass that evaluated prompts.</summary>
    /// <param name="decoded">Tokens of answers in it.</param>
    /// <param name="prompts">Tokens of prompts in it.</param>
    /// <param name="time">What it took.</param>
    public void LearnPrompts(int decoded, int prompts, double time)
    {
        if (decoded > 0 && _decode.IsKnown)
        {
            _piece.Learn(prompts, Math.Max(0, time - Decode(decoded)));
        }
        else if (decoded == 0)
        {
            _promptToken = time / prompts;
        }
    }

    /// <summary>What a pass of so many tokens of answers takes; only ratios mean anything before the first observation.</summary>
    public double Decode(int tokens)
    {
        double one = _decode.IsKnown ? _decode.MeanY / (1 + (_slope * (_decode.MeanX - 1))) : 1;
        return one * (1 + (_slope * (tokens - 1)));
    }

    /// <summary>Tokens of prompts that can be added to a pass so that it takes at most so many times as long as one of answers alone.</summary>
    /// <param name="decoded">Tokens of answers in it.</param>
    /// <param name="compared">Tokens of answers in the pass it is compared with.</param>
    /// <param name="times">How many times.</param>
    /// <param name="unknown">The answer where nothing was seen yet.</param>
    public int PromptTokens(int decoded, int compared, double times, int unknown)
    {
        if (!_decode.IsKnown || (!_piece.IsKnown && _promptToken == 0))
        {
            return unknown;
        }
        double allowed = (times * Decode(compared)) - Decode(decoded);
        if (!_piece.IsKnown)
        {
            return Whole(allowed / (PieceSurcharge * _promptToken));
        }
        // Pieces that were all of about one length tell what that length costs, and no more: from there by proportion.
        return _piece.TrySlope(out double slope) && slope > 0
            ? Whole(_piece.MeanX + ((allowed - _piece.MeanY) / slope))
            : Whole(_piece.MeanX * allowed / Math.Max(_piece.MeanY, double.Epsilon));
    }

    private static int Whole(double tokens) => (int)Math.Clamp(tokens, 0, int.MaxValue);
}
