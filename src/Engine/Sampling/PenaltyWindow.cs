namespace LocalLlm.Engine.Sampling;

/// <summary>
/// The last tokens of prompt and answer, counted, and what they cost. A sparse set over the vocabulary: a token comes and goes in constant time,
/// and the penalties touch only the distinct tokens of the window.
/// </summary>
internal sealed class PenaltyWindow
{
    // More than most contexts have positions: a window that must grow allocates between two tokens.
    private const int InitialCapacity = 1 << 16;

    private readonly SamplingOptions _options;
    private readonly int[] _count;     // [vocabulary] how often a token stands in the window
    private readonly int[] _place;     // [vocabulary] where it stands in _distinct; meaningless if its count is 0
    private readonly int[] _distinct;  // [_distinctCount used] tokens whose count is above 0
    private int _distinctCount;
    private int[] _ring;               // the window, oldest at _oldest; empty if the window is the whole context
    private int _oldest;
    private int _length;

    /// <summary>Makes an empty window.</summary>
    /// <param name="options">Checked options whose <see cref="SamplingOptions.RepeatLastN"/> is not 0.</param>
    /// <param name="vocabularySize">Number of logits.</param>
    public PenaltyWindow(SamplingOptions options, int vocabularySize)
    {
        _options = options;
        _count = new int[vocabularySize];
        _place = new int[vocabularySize];
        _distinct = new int[options.RepeatLastN < 0 ? vocabularySize : Math.Min(options.RepeatLastN, vocabularySize)];

        // A window may be wider than any context: beyond the first piece it gets its memory as it fills, by doubling.
        _ring = options.RepeatLastN < 0 ? [] : new int[Math.Min(options.RepeatLastN, InitialCapacity)];
    }

    /// <summary>Whether the options penalise anything.</summary>
    public static bool IsNeeded(SamplingOptions options) =>
        options.RepeatLastN != 0 && (options.RepeatPenalty != 1 || options.PresencePenalty != 0 || options.FrequencyPenalty != 0);

    /// <summary>Adds a token; the oldest one leaves a full window.</summary>
    public void Accept(int token)
    {
        if (_options.RepeatLastN > 0)
        {
            if (_length == _options.RepeatLastN)
            {
                Remove(_ring[_oldest]);
                _ring[_oldest] = token;
                _oldest = (_oldest + 1) % _ring.Length;
            }
            else
            {
                if (_length == _ring.Length)
                {
                    // Not full yet, so nothing has left and the oldest still stands at 0.
                    Array.Resize(ref _ring, (int)Math.Min(_options.RepeatLastN, 2L * _ring.Length));
                }
                _ring[_length++] = token;
            }
        }
        if (_count[token]++ == 0)
        {
            _place[token] = _distinctCount;
            _distinct[_distinctCount++] = token;
        }
    }

    /// <summary>Applies the penalties to the logits of the tokens in the window.</summary>
    public void Apply(Span<float> logits)
    {
        foreach (int token in _distinct.AsSpan(0, _distinctCount))
        {
            ref float logit = ref logits[token];
            logit = logit > 0 ? logit / _options.RepeatPenalty : logit * _options.RepeatPenalty;
            logit -= (_count[token] * _options.FrequencyPenalty) + _options.PresencePenalty;
        }
    }

    private void Remove(int token)
    {
        if (--_count[token] == 0)
        {
            int moved = _distinct[--_distinctCount];
            _distinct[_place[token]] = moved;
            _place[moved] = _place[token];
        }
    }
}
