namespace LocalLlm.Server.Modelfiles;

/// <summary>
/// How values are quoted. A value is bare, up to the end of its line, or it stands between <c>"</c> or <c>"""</c> and may then have several
/// lines. There are no escapes: the value ends with the first line that ends with the closing quotes, so that quotes within lines need nothing.
/// </summary>
internal static class ModelfileQuotes
{
    private const string One = "\"";
    private const string Three = "\"\"\"";

    /// <summary>What must end a value that begins like this; empty for a bare one.</summary>
    /// <param name="start">The value's first line from its first character on that is no blank.</param>
    public static string Closing(ReadOnlySpan<char> start) =>
        start.StartsWith(Three) ? Three : start.StartsWith(One) ? One : "";

    /// <summary>Whether a quoted value is complete: it ends, but for blanks, with quotes of its own.</summary>
    /// <param name="value">The lines so far, from the opening quotes on.</param>
    /// <param name="quotes">The opening quotes.</param>
    public static bool IsClosed(ReadOnlySpan<char> value, string quotes)
    {
        ReadOnlySpan<char> trimmed = value.TrimEnd();
        return trimmed.Length >= 2 * quotes.Length && trimmed.EndsWith(quotes);
    }

    /// <summary>What stands between the quotes of a complete value.</summary>
    public static string Unquote(string value)
    {
        string trimmed = value.Trim();
        int quotes = Closing(trimmed).Length;
        return trimmed[quotes..^quotes];
    }

    /// <summary>
    /// Writes a value such that it reads back the same: bare if it may be, else in the quotes that Ollama writes, else in the others. The
    /// one kind of text that no quotes can hold, with <c>"""</c> at the end of a line that is not its last, is written in <c>"""</c>.
    /// </summary>
    public static string Quote(string value)
    {
        if (value.Length == 0)
        {
            return One + One;
        }
        bool isPlain = !value.Contains('\n', StringComparison.Ordinal) && !value.StartsWith(' ') && !value.EndsWith(' ');
        if (isPlain && ReadsBack(value, value))
        {
            return value;
        }
        string one = One + value + One;
        string three = Three + value + Three;
        return (isPlain || value.Contains('"', StringComparison.Ordinal)) switch
        {
            true => !ReadsBack(three, value) && ReadsBack(one, value) ? one : three,
            false => ReadsBack(one, value) ? one : three,
        };
    }

    private static bool ReadsBack(string written, string value)
    {
        written = written.TrimStart();
        string quotes = Closing(written);
        for (int end = written.IndexOf('\n', StringComparison.Ordinal); end >= 0; end = written.IndexOf('\n', end + 1))
        {
            if (quotes.Length == 0 || IsClosed(written.AsSpan(0, end), quotes))
            {
                return false;
            }
        }
        return (quotes.Length == 0 || IsClosed(written, quotes)) && Unquote(written) == value;
    }
}
