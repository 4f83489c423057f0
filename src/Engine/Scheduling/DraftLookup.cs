namespace LocalLlm.Engine.Scheduling;

/// <summary>
/// Prompt lookup: where the last tokens have stood before, what followed then is a guess of what follows now (Saxena 2023, "Prompt Lookup
/// Decoding"). Costs no model, and a few hundred nanoseconds a token.
/// </summary>
internal sealed class DraftLookup
{
    // Two tokens are enough to begin with: what they are worth is learned.
    private const int Gram = 2;

    // The longest match of the last few places is taken; looking further back gains nothing.
    private const int Candidates = 8;

    private const int LongestMatch = 32;

    private int[] _last = NewTable(1024);   // [hash] the last position at which such a gram ended, or -1
    private int[] _before = [];             // [position] the position before it with the same hash
    private int _indexed = Gram - 1;        // grams that end before this position are in the table

    /// <summary>Guesses.</summary>
    /// <param name="tokens">All tokens so far.</param>
    /// <param name="guess">Receives the guess; its length is the most that is wanted.</param>
    /// <returns>How many last tokens stood at the other place too; 0 if there is no guess.</returns>
    public int Find(ReadOnlySpan<int> tokens, Span<int> guess)
    {
        if (tokens.Length <= Gram || guess.IsEmpty)
        {
            return 0;
        }
        Index(tokens);
        int end = tokens.Length - 1, best = -1, matched = 0;
        int at = _last[Slot(tokens, end)];
        for (int i = 0; i < Candidates && at >= 0; i++, at = _before[at])
        {
            int length = Match(tokens, at, end);
            if (length > matched)
            {
                (best, matched) = (at, length);
            }
        }
        if (matched < Gram)
        {
            return 0;
        }
        for (int i = 0; i < guess.Length; i++)
        {
            // A text that repeats with a short period goes on where the guess itself begins.
            int from = best + 1 + i;
            guess[i] = from < tokens.Length ? tokens[from] : guess[from - tokens.Length];
        }
        return matched;
    }

    /// <summary>Enters all grams that something follows.</summary>
    private void Index(ReadOnlySpan<int> tokens)
    {
        int count = tokens.Length - 1;
        if (_before.Length < count)
        {
            Grow(tokens, Math.Max(1024, 2 * count));
        }
        for (; _indexed < count; _indexed++)
        {
            int slot = Slot(tokens, _indexed);
            _before[_indexed] = _last[slot];
            _last[slot] = _indexed;
        }
    }

    private void Grow(ReadOnlySpan<int> tokens, int length)
    {
        Array.Resize(ref _before, length);
        if (_last.Length < length)
        {
            _last = NewTable((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length));
            _indexed = Gram - 1;
        }
    }

    private static int[] NewTable(int length)
    {
        int[] table = new int[length];
        Array.Fill(table, -1);
        return table;
    }

    private int Slot(ReadOnlySpan<int> tokens, int end)
    {
        uint hash = (((uint)tokens[end - 1] * 0x9E3779B1) ^ (uint)tokens[end]) * 0x85EBCA6B;
        return (int)(hash >> 8) & (_last.Length - 1);
    }

    private static int Match(ReadOnlySpan<int> tokens, int a, int b)
    {
        int length = 0;
        while (length < LongestMatch && length <= a && tokens[a - length] == tokens[b - length])
        {
            length++;
        }
        return length;
    }
}
