namespace LocalLlm.Engine.Scheduling;

/// <summary>
/// How likely a guessed token of one sequence is right, learned from those that were tried; longer matches are trusted apart from shorter ones.
/// </summary>
internal sealed class DraftTrust
{
    // What an observation still counts for after each later one: about the last thirty matter.
    private const double Decay = 0.97;

    // The first guesses are judged by these, as if so many observations had been made.
    private const double PriorWeight = 3;

    private readonly double[] _accepted = new double[5];
    private readonly double[] _examined = new double[5];

    /// <summary>The chance that a guessed token is right if those before it were.</summary>
    /// <param name="matched">Tokens that matched, from <see cref="DraftLookup.Find"/>.</param>
    public double Chance(int matched)
    {
        int kind = Kind(matched);
        return (_accepted[kind] + (Prior(kind) * PriorWeight)) / (_examined[kind] + PriorWeight);
    }

    /// <summary>Learns from a guess.</summary>
    /// <param name="matched">Tokens that matched.</param>
    /// <param name="guessed">Tokens guessed.</param>
    /// <param name="accepted">How many of them were right, up to the first wrong one.</param>
    public void Learn(int matched, int guessed, int accepted)
    {
        int kind = Kind(matched), examined = Math.Min(guessed, accepted + 1);
        double keep = Math.Pow(Decay, examined);
        _accepted[kind] = (_accepted[kind] * keep) + accepted;
        _examined[kind] = (_examined[kind] * keep) + examined;
    }

    private static int Kind(int matched) => matched switch { < 3 => 0, 3 => 1, < 8 => 2, < 16 => 3, _ => 4 };

    private static double Prior(int kind) => kind switch { 0 => 0.25, 1 => 0.4, 2 => 0.6, 3 => 0.8, _ => 0.9 };
}
