namespace LocalLlm.Server.Runners;

/// <summary>The last lines of what a process complained of. Safe for many threads.</summary>
internal sealed class RecentLines
{
    // Enough for a sentence and the place of a crash.
    private const int Most = 8;

    private readonly Queue<string> _lines = new();

    /// <summary>Adds a line.</summary>
    public void Add(string line)
    {
        lock (_lines)
        {
            if (_lines.Count == Most)
            {
                _lines.Dequeue();
            }
            _lines.Enqueue(line);
        }
    }

    /// <summary>The lines, oldest first, with spaces between them: error messages are one line.</summary>
    public override string ToString()
    {
        lock (_lines)
        {
            return string.Join(' ', _lines.Select(line => line.Trim()));
        }
    }
}
