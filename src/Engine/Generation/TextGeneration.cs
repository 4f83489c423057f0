using System.Diagnostics;
using LocalLlm.Engine.Sampling;

namespace LocalLlm.Engine.Generation;

/// <summary>One generation from fitted prompt to last event: evaluate, sample, decode to text, watch for the end.</summary>
internal sealed class TextGeneration
{
    // Without this a model that never ends its turn would run for ever once shifting is allowed.
    private const int MostContextsPerAnswer = 10;

    private readonly LanguageModel _model;
    private readonly SequenceDecoder _decoder;
    private readonly GenerationRequest _request;
    private readonly FittedPrompt _prompt;
    private readonly TimeSpan _queued;
    private readonly Sampler _sampler;
    private readonly AnswerText _answer;
    private readonly List<int> _context;      // all tokens of prompt and answer, those that a shift discarded included
    private int _generated;
    private int _shifted;

    public TextGeneration(LanguageModel model, SequenceDecoder decoder, GenerationRequest request, FittedPrompt prompt, TimeSpan queued)
    {
        _model = model;
        _decoder = decoder;
        _request = request;
        _prompt = prompt;
        _queued = queued;
        _sampler = new Sampler(request.Sampling, model.Tokenizer.VocabularySize);
        _answer = new AnswerText(model.Tokenizer, request);
        // An answer that stays within the context then finds its place without growing.
        _context = new List<int>(Math.Max(prompt.ContextLength + 1, prompt.Tokens.Length));
        _context.AddRange(prompt.Tokens);
    }

    /// <summary>Runs to the end.</summary>
    /// <param name="emit">Receives the events in order.</param>
    /// <param name="cancellationToken">Stops within one step.</param>
    public void Run(Action<GenerationEvent> emit, CancellationToken cancellationToken)
    {
        int cached = _decoder.Reuse(_prompt.Tokens);
        emit(new GenerationStarted(_prompt.Tokens.Length, cached, _prompt.Truncation));

        long start = Stopwatch.GetTimestamp();
        foreach (int token in _prompt.Tokens)
        {
            _sampler.Accept(token);
        }
        Span<float> logits = _decoder.Evaluate(_prompt.Tokens.AsSpan(cached), cancellationToken);
        TimeSpan promptDuration = Stopwatch.GetElapsedTime(start);

        start = Stopwatch.GetTimestamp();
        FinishReason reason = Generate(logits, emit, cancellationToken);
        if (_answer.Flush() is { } rest)
        {
            emit(rest);
        }
        TimeSpan generationDuration = Stopwatch.GetElapsedTime(start);

        var usage = new GenerationUsage(_prompt.Tokens.Length, cached, _generated, _queued, promptDuration, generationDuration);
        emit(new GenerationFinished(reason, usage, WholeTruncation(), _context));
    }

    private FinishReason Generate(Span<float> logits, Action<GenerationEvent> emit, CancellationToken cancellationToken)
    {
        long most = Math.Min(_request.MaxTokens ?? long.MaxValue, (long)MostContextsPerAnswer * _prompt.ContextLength);
        while (_generated < most)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // Rows that only pad the embedding to a round size are no tokens.
            logits = logits[.._model.Tokenizer.VocabularySize];
            _answer.Observe(logits);
            int token = _sampler.Sample(logits);
            _sampler.Accept(token);
            _context.Add(token);
            _generated++;
            if (_model.Tokenizer.IsEndOfGeneration(token))
            {
                return FinishReason.Stop;
            }
            if (_answer.Append(token) is { } delta)
            {
                emit(delta);
            }
            if (_answer.Stopped)
            {
                return FinishReason.Stop;
            }
            if (_generated == most || (_decoder.Tokens.Count >= _prompt.ContextLength && !_request.Shift))
            {
                break;
            }
            logits = Advance(token, cancellationToken);
        }
        return FinishReason.Length;
    }

    /// <summary>
    /// Evaluates the token just sampled. In a full context the older half of what may go is discarded first, and the rest evaluated again at its
    /// new positions: keys depend on their positions and, through the layers, on what stood before them, so moving them would change their meaning.
    /// </summary>
    private Span<float> Advance(int token, CancellationToken cancellationToken)
    {
        if (_decoder.Tokens.Count < _prompt.ContextLength)
        {
            return _decoder.Evaluate([token], cancellationToken);
        }
        int[] evaluated = [.. _decoder.Tokens];
        int discarded = Math.Max(1, (evaluated.Length - _prompt.Keep) / 2);
        _shifted += discarded;
        _decoder.Truncate(_prompt.Keep);
        return _decoder.Evaluate([.. evaluated.AsSpan(_prompt.Keep + discarded), token], cancellationToken);
    }

    private Truncation? WholeTruncation()
    {
        if (_shifted == 0)
        {
            return _prompt.Truncation;
        }
        Truncation before = _prompt.Truncation ?? new Truncation(0, 0, _prompt.Tokens.Length);
        return before with { DroppedTokens = before.DroppedTokens + _shifted };
    }
}
