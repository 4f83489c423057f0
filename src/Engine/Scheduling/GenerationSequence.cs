using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using LocalLlm.Engine.Generation;
using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Scheduling;

/// <summary>A generation: from fitted prompt to last event.</summary>
internal sealed class GenerationSequence : ScheduledSequence
{
    // Without this a model that never ends its turn would run for ever once shifting is allowed.
    private const int MostContextsPerAnswer = 10;

    // A pass of more rows than this for one sequence has never paid.
    private const int MostDrafted = 15;

    private readonly Tokenizer _tokenizer;
    private readonly GenerationRequest _request;
    private readonly FittedPrompt _prompt;
    private readonly ITokenChooser _chooser;
    private readonly AnswerText _answer;
    private readonly long _most;
    private readonly SchedulerCounters _counters;
    // Unbounded: an answer is bounded by its context, and a slow reader must not hold up the others.
    private readonly Channel<GenerationEvent> _events = Channel.CreateUnbounded<GenerationEvent>(new() { SingleReader = true, SingleWriter = true });
    private readonly List<int> _context;      // all tokens of prompt and answer, those that a shift discarded included
    private readonly Speculation? _speculation;
    private List<int> _window;                // the tokens in the context now; the same list until a shift
    private int _guessed, _accepted, _row;    // of the pass under way
    private int _cached, _generated, _counted, _shifted;
    private long _began, _spoke;              // ticks: when it first entered the batch, when its first token came

    public GenerationSequence(LanguageModel model, GenerationRequest request, FittedPrompt prompt, ITokenChooser chooser, SchedulerCounters counters, CancellationToken cancellation)
        : base(request.Client, prompt.ContextLength + 1, cancellation)
    {
        _tokenizer = model.Tokenizer;
        _request = request;
        _prompt = prompt;
        _chooser = chooser;
        _counters = counters;
        _answer = new AnswerText(model.Tokenizer, request);
        _most = Math.Min(request.MaxTokens ?? long.MaxValue, (long)MostContextsPerAnswer * prompt.ContextLength);
        _window = _context = [.. prompt.Tokens];
        _speculation = model.Options.Speculation ? new Speculation(MostDrafted) : null;
        foreach (int token in prompt.Tokens)
        {
            chooser.Accept(token);
        }
    }

    /// <summary>What happens, in order.</summary>
    public ChannelReader<GenerationEvent> Events => _events.Reader;

    /// <inheritdoc/>
    public override ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_window);

    /// <inheritdoc/>
    public override bool SharesPrefixes => true;

    /// <inheritdoc/>
    public override bool IsDecoding => _generated > 0 && Pending == 1;

    /// <summary>What it guesses with; null where guessing is off.</summary>
    public Speculation? Speculation => _speculation;

    /// <inheritdoc/>
    public override ReadOnlySpan<int> Draft(int most)
    {
        if (_speculation is null)
        {
            return [];
        }
        // Neither beyond the context nor beyond the end of the answer: those would be thrown away.
        int room = Math.Min(_prompt.ContextLength - _window.Count, (int)Math.Min(_most - _generated - 1, MostDrafted));
        return _speculation.Guess(Tokens, Math.Min(most, room));
    }

    /// <inheritdoc/>
    public override bool WantsState(int position) => position >= _window.Count - 1;

    /// <summary>How many guessed tokens the pass holds; called before its rows come.</summary>
    public void BeginStep(int guessed) => (_guessed, _accepted, _row) = (guessed, 0, 0);

    /// <inheritdoc/>
    public override void Take(Span<float> row)
    {
        // Rows after the first wrong guess continue a text that is not this one.
        if (IsDone || _row++ != _accepted)
        {
            return;
        }
        int evaluated = _window.Count;
        if (_spoke == 0)
        {
            _spoke = Stopwatch.GetTimestamp();
        }
        if (_generated >= _most)
        {
            Finish(FinishReason.Length);
            return;
        }
        // Rows that only pad the embedding to a round size are no tokens.
        Span<float> logits = row[.._tokenizer.VocabularySize];
        _answer.Observe(logits);
        int token = _chooser.Choose(logits);
        _chooser.Accept(token);
        _context.Add(token);
        if (!ReferenceEquals(_window, _context))
        {
            _window.Add(token);
        }
        _generated++;
        if (_accepted < _guessed && _speculation!.Guessed(_accepted) == token)
        {
            _accepted++;
        }
        Continue(token, evaluated);
    }

    /// <inheritdoc/>
    public override void EndStep()
    {
        _counters.Generated += _generated - _counted;
        _counted = _generated;
        if (_guessed > 0)
        {
            _speculation!.Learn(_guessed, _accepted);
            _counters.Drafted += _guessed;
            _counters.Accepted += _accepted;
        }
        // What was evaluated for wrong guesses goes; the last token said is still to be evaluated.
        if (Cache!.Length >= _window.Count)
        {
            Cache.Truncate(_window.Count - 1);
        }
        _guessed = _accepted = _row = 0;
    }

    /// <inheritdoc/>
    public override void Fail(Exception exception)
    {
        IsDone = true;
        _events.Writer.TryComplete(exception);
    }

    /// <summary>Reports that the prompt is about to be evaluated.</summary>
    protected override void OnEnter()
    {
        if (_began != 0)
        {
            return;
        }
        _began = Stopwatch.GetTimestamp();
        _cached = Cache!.Length;
        _counters.Prompt += _prompt.Tokens.Length;
        _counters.Cached += _cached;
        _events.Writer.TryWrite(new GenerationStarted(_prompt.Tokens.Length, _cached, _prompt.Truncation));
    }

    /// <inheritdoc/>
    public override void AdoptMore()
    {
        int before = Cache!.Length;
        Cache.Adopt(Tokens);
        if (_generated == 0)
        {
            _cached += Cache.Length - before;
            _counters.Cached += Cache.Length - before;
        }
    }

    /// <summary>Sends the text of a token and decides whether another one follows.</summary>
    private void Continue(int token, int evaluated)
    {
        if (_tokenizer.IsEndOfGeneration(token))
        {
            Finish(FinishReason.Stop);
            return;
        }
        if (_answer.Append(token) is { } delta)
        {
            _events.Writer.TryWrite(delta);
        }
        if (_answer.Stopped)
        {
            Finish(FinishReason.Stop);
        }
        else if (_generated == _most || (evaluated >= _prompt.ContextLength && !_request.Shift))
        {
            Finish(FinishReason.Length);
        }
        else if (evaluated >= _prompt.ContextLength)
        {
            Shift(evaluated);
        }
    }

    /// <summary>
    /// In a full context the older half of what may go is discarded, and the rest evaluated again at its new positions: keys depend on their
    /// positions and, through the layers, on what stood before them, so moving them would change their meaning.
    /// </summary>
    private void Shift(int evaluated)
    {
        int discarded = Math.Max(1, (evaluated - _prompt.Keep) / 2);
        _shifted += discarded;
        _window = [.. Tokens[.._prompt.Keep], .. Tokens[(_prompt.Keep + discarded)..]];
        Cache!.Truncate(_prompt.Keep);
        _speculation?.Restart();
    }

    private void Finish(FinishReason reason)
    {
        IsDone = true;
        if (_answer.Flush() is { } rest)
        {
            _events.Writer.TryWrite(rest);
        }
        var usage = new GenerationUsage(
            _prompt.Tokens.Length, _cached, _generated, Stopwatch.GetElapsedTime(Arrived, _began), Stopwatch.GetElapsedTime(_began, _spoke), Stopwatch.GetElapsedTime(_spoke));
        _events.Writer.TryWrite(new GenerationFinished(reason, usage, WholeTruncation(), _context));
        _events.Writer.TryComplete();
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
