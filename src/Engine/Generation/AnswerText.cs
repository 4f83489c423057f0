using LocalLlm.Engine.Sampling;
using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Generation;

/// <summary>Turns sampled tokens into text that can be sent: whole characters, nothing of a stop string, log-probabilities beside it.</summary>
internal sealed class AnswerText
{
    private readonly Tokenizer _tokenizer;
    private readonly Utf8StreamDecoder _characters = new();
    private readonly StopMatcher _stops;
    private readonly LogProbabilities? _logProbabilities;
    private readonly List<TokenLogProbability> _pending = [];      // of tokens whose text has not gone out

    public AnswerText(Tokenizer tokenizer, GenerationRequest request)
    {
        _tokenizer = tokenizer;
        _stops = new StopMatcher(request.Stop);
        _logProbabilities = request.LogProbabilities ? new LogProbabilities(tokenizer.VocabularySize, request.TopLogProbabilities) : null;
    }

    /// <summary>A stop string was found.</summary>
    public bool Stopped => _stops.Hit is not null;

    /// <summary>Sees the logits before sampling options touch them.</summary>
    public void Observe(ReadOnlySpan<float> logits) => _logProbabilities?.Observe(logits);

    /// <summary>Takes a sampled token.</summary>
    /// <returns>What can be sent now; null if nothing can.</returns>
    public TextDelta? Append(int token)
    {
        if (_logProbabilities is { } observed)
        {
            _pending.Add(Describe(token, observed));
        }
        return Delta(_stops.Append(_characters.Append(_tokenizer.Bytes(token))));
    }

    /// <summary>What was held back until the end; null if nothing.</summary>
    public TextDelta? Flush()
    {
        string rest = _stops.Append(_characters.Flush()) + _stops.Flush();
        return rest.Length == 0 && _pending.Count > 0 ? TakePending("") : Delta(rest);
    }

    private TextDelta? Delta(string text) => text.Length == 0 ? null : TakePending(text);

    private TextDelta TakePending(string text)
    {
        TokenLogProbability[] taken = [.. _pending];
        _pending.Clear();
        return new TextDelta(text, taken);
    }

    private TokenLogProbability Describe(int token, LogProbabilities observed)
    {
        var top = new TokenLogProbability[observed.Top.Length];
        for (int i = 0; i < top.Length; i++)
        {
            top[i] = Entry(observed.Top[i].Token, observed.Top[i].LogProbability, []);
        }
        return Entry(token, observed.Of(token), top);
    }

    private TokenLogProbability Entry(int token, float logProbability, IReadOnlyList<TokenLogProbability> top)
    {
        byte[] bytes = _tokenizer.Bytes(token).ToArray();
        string text = bytes.Length == 0 ? _tokenizer.Piece(token) : System.Text.Encoding.UTF8.GetString(bytes);
        return new TokenLogProbability(token, text, bytes, logProbability, top);
    }
}
