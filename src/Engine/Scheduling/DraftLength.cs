namespace LocalLlm.Engine.Scheduling;

/// <summary>How many guessed tokens are worth their place in a pass.</summary>
internal static class DraftLength
{
    /// <summary>The number with which the pass is expected to give the most tokens for its time; 0 where guessing would slow it.</summary>
    /// <param name="chance">The chance that a guessed token is right if those before it were.</param>
    /// <param name="most">Most tokens to guess.</param>
    /// <param name="tokens">Tokens that are in the pass anyway.</param>
    /// <param name="expected">Tokens that it is expected to give anyway.</param>
    /// <param name="cost">What passes cost.</param>
    public static int Choose(double chance, int most, int tokens, double expected, StepCost cost)
    {
        int best = 0;
        double right = 1, gain = expected, rate = expected / cost.Decode(tokens);
        for (int count = 1; count <= most; count++)
        {
            right *= chance;
            gain += right;
            double with = gain / cost.Decode(tokens + count);
            if (with > rate)
            {
                (best, rate) = (count, with);
            }
        }
        return best;
    }

    /// <summary>Tokens that a guess is expected to give.</summary>
    public static double Gain(double chance, int count)
    {
        double right = 1, gain = 0;
        for (int i = 0; i < count; i++)
        {
            right *= chance;
            gain += right;
        }
        return gain;
    }
}
