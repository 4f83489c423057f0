using System.Buffers;
using System.Text;
using System.Text.Json;
using LocalLlm.Load.Results;

namespace LocalLlm.Load.Http;

/// <summary>What came back for one streamed request of the native API, and when.</summary>
internal sealed class StreamedAnswer
{
    private readonly ArrayBufferWriter<byte> _text = new();
    private readonly List<long> _times = [];

    /// <summary>When the request was begun, as all times in units of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public long Begun { get; init; }

    /// <summary>When each item with text came.</summary>
    public IReadOnlyList<long> Times => _times;

    /// <summary>When the last item or error came, or the connection ended.</summary>
    public long Ended { get; private set; }

    /// <summary>Milliseconds from the request to the first item with text; not a number if none came.</summary>
    public double FirstTokenMilliseconds => _times.Count > 0 ? Figures.Milliseconds(Begun, _times[0]) : double.NaN;

    /// <summary>The HTTP status; 0 if none came.</summary>
    public int Status { get; set; }

    /// <summary>Whether the last item came, the one with the counts.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>What the server said was wrong, or what happened to the connection; null if nothing.</summary>
    public string? Error { get; set; }

    /// <summary>Tokens of the prompt.</summary>
    public int PromptTokens { get; private set; }

    /// <summary>Tokens of the prompt that were in the server's cache.</summary>
    public int CachedTokens { get; private set; }

    /// <summary>Tokens generated.</summary>
    public int GeneratedTokens { get; private set; }

    /// <summary>Why it ended.</summary>
    public string? DoneReason { get; private set; }

    /// <summary>The answer as it stands in a JSON string: with escapes, without quotes.</summary>
    public string EscapedText => Encoding.UTF8.GetString(_text.WrittenSpan);

    /// <summary>Whether both say the same with as many tokens.</summary>
    public bool Equals(StreamedAnswer other) =>
        GeneratedTokens == other.GeneratedTokens && _text.WrittenSpan.SequenceEqual(other._text.WrittenSpan);

    /// <summary>Takes a line of the answer.</summary>
    public void Take(ReadOnlySpan<byte> line, long timestamp)
    {
        Ended = timestamp;
        if (TextOf(line, out ReadOnlySpan<byte> text) && line.EndsWith("\"done\":false}"u8))
        {
            if (text.Length > 0)
            {
                _text.Write(text);
                _times.Add(timestamp);
            }
            return;
        }
        Finish(line);
    }

    /// <summary>Notes that the connection has ended.</summary>
    public void End(long timestamp) => Ended = IsFinished ? Ended : timestamp;

    /// <summary>Cuts the text out of an item; the fields' names have no escapes, and no text can hold an unescaped quote.</summary>
    private static bool TextOf(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> text)
    {
        text = default;
        ReadOnlySpan<byte> generate = "\"response\":\""u8, chat = "\"content\":\""u8;
        ReadOnlySpan<byte> name = line.IndexOf(generate) >= 0 ? generate : chat;
        int start = line.IndexOf(name);
        if (start < 0)
        {
            return false;
        }
        line = line[(start + name.Length)..];
        int end = 0;
        while (end < line.Length && line[end] != '"')
        {
            end += line[end] == '\\' ? 2 : 1;
        }
        text = line[..Math.Min(end, line.Length)];
        return end < line.Length;
    }

    private void Finish(ReadOnlySpan<byte> line)
    {
        try
        {
            Utf8JsonReader reader = new(line);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            JsonElement root = document.RootElement;
            if (root.TryGetProperty("error", out JsonElement error))
            {
                Error = error.ToString();
                return;
            }
            IsFinished = root.TryGetProperty("done", out JsonElement done) && done.ValueKind == JsonValueKind.True;
            PromptTokens = Count(root, "prompt_eval_count");
            CachedTokens = Count(root, "cached_tokens");
            GeneratedTokens = Count(root, "eval_count");
            DoneReason = root.TryGetProperty("done_reason", out JsonElement reason) ? reason.GetString() : null;
        }
        catch (JsonException)
        {
            Error = $"The server sent '{Encoding.UTF8.GetString(line)}'.";
        }
    }

    private static int Count(JsonElement item, string name) => item.TryGetProperty(name, out JsonElement count) ? count.GetInt32() : 0;
}
