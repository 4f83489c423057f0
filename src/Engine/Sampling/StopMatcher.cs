namespace LocalLlm.Engine.Sampling;

/// <summary>
/// Finds stop strings in text that comes in pieces. Text is given out as soon as it cannot be the beginning of a stop string, and never any of the
/// stop string itself. The match that is complete first wins; of several that end at the same character, the longest. How the text is cut into pieces makes no difference.
/// </summary>
/// <remarks>The automaton of Aho and Corasick (1975) over UTF-16 code units: time is linear in the text, however many stop strings there are.</remarks>
public sealed class StopMatcher
{
    private const int Root = 0;

    // A state stands for a beginning of a stop string: the longest one that the text so far ends with.
    private readonly Dictionary<(int State, char Unit), int> _next = [];
    private readonly List<int> _depth = [0];          // [state] length of that beginning
    private readonly List<int> _fallback = [Root];    // [state] the longest shorter beginning that it ends with
    private readonly List<string?> _match = [null];   // [state] the longest stop string that it ends with
    private int _state = Root;
    private string _held = "";                        // the text of _state: seen, but not given out

    /// <summary>Builds the automaton.</summary>
    /// <param name="stops">The stop strings; empty ones, which would stop before the first character, are ignored.</param>
    public StopMatcher(IReadOnlyList<string> stops)
    {
        ArgumentNullException.ThrowIfNull(stops);
        foreach (string stop in stops.Where(stop => stop.Length > 0))
        {
            Add(stop);
        }
        SetFallbacks();
    }

    /// <summary>The stop string that was found; null as long as none was.</summary>
    public string? Hit { get; private set; }

    /// <summary>Takes the next piece of text.</summary>
    /// <param name="piece">Whole characters; may be empty.</param>
    /// <returns>Text that can be given out now; nothing after a hit.</returns>
    public string Append(string piece)
    {
        ArgumentNullException.ThrowIfNull(piece);
        if (Hit is not null)
        {
            return "";
        }
        for (int i = 0; i < piece.Length; i++)
        {
            _state = Step(_state, piece[i]);
            if (_match[_state] is { } stop)
            {
                Hit = stop;
                string before = Text(piece, _held.Length + i + 1 - stop.Length);
                _held = "";
                return before;
            }
        }
        int held = _depth[_state];
        string safe = Text(piece, _held.Length + piece.Length - held);
        _held = held == 0 ? "" : held <= piece.Length ? piece[^held..] : string.Concat(_held.AsSpan(safe.Length), piece);
        return safe;
    }

    /// <summary>Ends the text: gives out what was held back, which turned out to be no stop string.</summary>
    public string Flush()
    {
        string rest = _held;
        _held = "";
        _state = Root;
        return rest;
    }

    /// <summary>The first <paramref name="length"/> characters of what is held and the piece after it.</summary>
    private string Text(string piece, int length) =>
        length <= _held.Length ? _held[..length]
        : _held.Length == 0 && length == piece.Length ? piece
        : string.Concat(_held, piece.AsSpan(0, length - _held.Length));

    private int Step(int state, char unit)
    {
        int next;
        while (!_next.TryGetValue((state, unit), out next))
        {
            if (state == Root)
            {
                return Root;
            }
            state = _fallback[state];
        }
        return next;
    }

    private void Add(string stop)
    {
        int state = Root;
        foreach (char unit in stop)
        {
            if (!_next.TryGetValue((state, unit), out int next))
            {
                next = _depth.Count;
                _next.Add((state, unit), next);
                _depth.Add(_depth[state] + 1);
                _fallback.Add(Root);
                _match.Add(null);
            }
            state = next;
        }
        _match[state] = stop;
    }

    /// <summary>Level by level, so that the fallbacks that a state's own is found by are known.</summary>
    private void SetFallbacks()
    {
        foreach (((int parent, char unit), int state) in _next.OrderBy(edge => _depth[edge.Value]))
        {
            _fallback[state] = parent == Root ? Root : Step(_fallback[parent], unit);
            _match[state] ??= _match[_fallback[state]];
        }
    }
}
