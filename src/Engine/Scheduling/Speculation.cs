namespace LocalLlm.Engine.Scheduling;

/// <summary>The guesses of one sequence, and what became of them.</summary>
/// <param name="most">Most tokens of a guess.</param>
internal sealed class Speculation(int most)
{
    private readonly DraftTrust _trust = new();
    private readonly int[] _guess = new int[most];
    private DraftLookup _lookup = new();
    private int _matched;

    /// <summary>The chance that the first token of the last guess is right, and each further one if those before it were.</summary>
    public double Chance => _trust.Chance(_matched);

    /// <summary>Guesses.</summary>
    /// <param name="tokens">All tokens so far.</param>
    /// <param name="count">Most tokens to guess; may be 0 or less.</param>
    /// <returns>The guess, valid until the next one; empty if there is none.</returns>
    public ReadOnlySpan<int> Guess(ReadOnlySpan<int> tokens, int count)
    {
        Span<int> guess = _guess.AsSpan(0, Math.Clamp(count, 0, _guess.Length));
        _matched = _lookup.Find(tokens, guess);
        return _matched == 0 ? [] : guess;
    }

    /// <summary>A token of the last guess.</summary>
    public int Guessed(int index) => _guess[index];

    /// <summary>Learns what became of the last guess.</summary>
    /// <param name="guessed">Its tokens that were evaluated.</param>
    /// <param name="accepted">How many were right.</param>
    public void Learn(int guessed, int accepted) => _trust.Learn(_matched, guessed, accepted);

    /// <summary>The tokens are others now.</summary>
    public void Restart() => _lookup = new DraftLookup();
}
