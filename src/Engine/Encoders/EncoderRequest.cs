namespace LocalLlm.Engine.Encoders;

/// <summary>
/// Texts of one request on their way through the encoder. They become tokens a stretch at a time, a little ahead of the passes that take them, so that a
/// request of thousands of texts begins at once and holds few tokens.
/// </summary>
/// <param name="count">Number of texts, at least one.</param>
/// <param name="tokens">Tokens of the text of a number; may be called by any thread, but by one at a time. What it throws ends the request.</param>
/// <param name="longest">Most tokens of a text: the model's positions.</param>
internal sealed class EncoderRequest(int count, Func<int, int[]> tokens, int longest = int.MaxValue)
{
    private readonly TaskCompletionSource<float[][]> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly float[][] _results = new float[count][];
    private readonly Lock _lock = new();
    private readonly TextWindow _window = new();    // guarded by _lock
    private int _read;                              // texts that are tokens; of whoever holds _reading
    private int _reading;                           // 1 while a thread makes tokens
    private int _taken;
    private int _finished;
    private int _tokenCount;

    /// <summary>The result of each text, in their order.</summary>
    public Task<float[][]> Results => _done.Task;

    /// <summary>Tokens of all texts; known when <see cref="Results"/> are.</summary>
    public int TokenCount => _tokenCount;

    /// <summary>Whether texts wait that no pass has taken yet.</summary>
    public bool HasMore => _taken < count && !_done.Task.IsCompleted;

    /// <summary>The last pass that took a text; 0 for none.</summary>
    public long LastPass { get; set; }

    /// <summary>Makes tokens of the next texts until so many tokens are ready, and one text at least if any is left.</summary>
    /// <exception cref="TextEngineException">A text has no tokens or too many.</exception>
    public void Read(int ahead)
    {
        while (_read < count && !_done.Task.IsCompleted)
        {
            lock (_lock)
            {
                if (_window.Count > 0 && _window.Tokens >= ahead)
                {
                    return;
                }
            }
            EncoderText text = new(this, _read, Checked(tokens(_read)));
            _read++;
            _tokenCount += text.Length;
            lock (_lock)
            {
                _window.Add(text);
            }
        }
    }

    /// <summary>Has another thread <see cref="Read"/> if less than half of what should be ready is.</summary>
    /// <param name="ahead">Tokens that should be ready.</param>
    /// <param name="ready">Called when it is done.</param>
    public void ReadBehind(int ahead, Action ready)
    {
        if (Interlocked.Exchange(ref _reading, 1) != 0)
        {
            return;
        }
        bool enough;
        lock (_lock)
        {
            enough = _read >= count || _window.Tokens >= ahead / 2;
        }
        if (enough)
        {
            Volatile.Write(ref _reading, 0);
            return;
        }
        ThreadPool.UnsafeQueueUserWorkItem(
            _ =>
            {
                try
                {
                    Read(ahead);
                }
                catch (Exception e)
                {
                    Fail(e);
                }
                Volatile.Write(ref _reading, 0);
                ready();
            },
            null);
    }

    /// <summary>Length of the text that is ready and closest in length to a given one; 0 if none is.</summary>
    /// <param name="length">The given length.</param>
    /// <param name="most">Longer texts do not count.</param>
    public int Closest(int length, int most)
    {
        lock (_lock)
        {
            int place = _window.Closest(length, most);
            return place < 0 ? 0 : _window.LengthAt(place);
        }
    }

    /// <summary>Takes that text.</summary>
    public bool TryTake(int length, int most, out EncoderText text)
    {
        lock (_lock)
        {
            int place = _window.Closest(length, most);
            text = place < 0 ? default : _window.Take(place);
            _taken += place < 0 ? 0 : 1;
            return place >= 0;
        }
    }

    /// <summary>Takes a text's result; all fail if one fails.</summary>
    public void Complete(int text, Pooled pooled)
    {
        if (pooled.Error is { } error)
        {
            Fail(error);
            return;
        }
        _results[text] = pooled.Vector;
        if (++_finished == count)
        {
            _done.TrySetResult(_results);
        }
    }

    /// <summary>Ends it without a result.</summary>
    public void Fail(Exception error) => _done.TrySetException(error);

    /// <summary>Ends it because nobody waits any more.</summary>
    public void Cancel() => _done.TrySetCanceled();

    // A pass is common to all, and would fail for all.
    private int[] Checked(int[] text) =>
        text.Length == 0 ? throw new TextEngineException(TextEngineErrorKind.InvalidRequest, "A text is empty, and this model has no token that could stand for it: send at least one character that it reads.")
        : text.Length > longest ? throw new TextEngineException(TextEngineErrorKind.ContextOverflow, $"the input length exceeds the context length: {text.Length} tokens, {longest} fit")
        : text;
}
