using System.Diagnostics;
using LocalLlm.Engine;
using LocalLlm.Server.Http.Metrics;

namespace LocalLlm.Server.Http;

/// <summary>A generation whose request the engine has accepted.</summary>
internal sealed class RunningGeneration : IAsyncDisposable
{
    /// <summary>Tells what was dropped from the prompt before the answer began, <c>messages=2,tokens=812</c>, since no field of OpenAI's answers could.</summary>
    public const string TruncationHeader = "X-LocalLlm-Truncated";

    private readonly IAsyncEnumerator<GenerationEvent> _events;
    private readonly CancellationTokenSource _cancel;
    private readonly HttpContext _context;
    private readonly GracefulStop _stop;
    private readonly GenerationStarted _started;
    private readonly GenerationMeter? _meter;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private long _firstDeltaAt;
    private int _deltas;
    private GenerationFinished? _finished;

    private RunningGeneration(
        IAsyncEnumerator<GenerationEvent> events, CancellationTokenSource cancel, HttpContext context, GracefulStop stop, GenerationStarted started, GenerationMeter? meter)
    {
        (_events, _cancel, _context, _stop, _started, _meter) = (events, cancel, context, stop, started, meter);
    }

    /// <summary>How it ended; known when <see cref="DeltasAsync"/> has run to its end.</summary>
    public GenerationFinished Finished => _finished ?? throw new InvalidOperationException("The generation has not ended.");

    /// <summary>Hands a request to the engine and waits until it is accepted, so that its errors can still become a status.</summary>
    /// <param name="engine">The model.</param>
    /// <param name="request">What to generate.</param>
    /// <param name="context">Of the client, whose leaving cancels the generation; its answer gets <see cref="TruncationHeader"/>.</param>
    /// <param name="stop">The end of the server: a request that waits is not begun any more, and one that runs ends when the grace is over.</param>
    public static async Task<RunningGeneration> StartAsync(ITextEngine engine, GenerationRequest request, HttpContext context, GracefulStop stop)
    {
        CancellationTokenSource cancel = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stop.Over);
        IAsyncEnumerator<GenerationEvent> events = engine.GenerateAsync(request, cancel.Token).GetAsyncEnumerator(cancel.Token);
        try
        {
            GenerationStarted started;
            await using (stop.Begun.Register(cancel.Cancel))
            {
                started = await events.MoveNextAsync() && events.Current is GenerationStarted first
                    ? first
                    : throw new InvalidOperationException("The engine did not begin with its start event.");
            }
            cancel.Token.ThrowIfCancellationRequested();
            context.Response.Headers.Remove(TruncationHeader);
            if (started.Truncation is { } dropped)
            {
                context.Response.Headers[TruncationHeader] = $"messages={dropped.DroppedMessages},tokens={dropped.DroppedTokens}";
            }
            return new RunningGeneration(events, cancel, context, stop, started, GenerationMeter.Of(context, engine));
        }
        catch
        {
            await events.DisposeAsync();
            cancel.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The text as it comes; pieces that carry neither text nor log-probabilities are left out. When the server's grace is over the text ends early, with
    /// an end as if a limit had been reached.
    /// </summary>
    public async IAsyncEnumerable<TextDelta> DeltasAsync()
    {
        while (await MoveNextAsync())
        {
            if (_events.Current is TextDelta delta && (delta.Text.Length > 0 || delta.LogProbabilities.Count > 0))
            {
                _meter?.Text();
                _deltas++;
                _firstDeltaAt = _firstDeltaAt == 0 ? Stopwatch.GetTimestamp() : _firstDeltaAt;
                yield return delta;
            }
            else if (_events.Current is GenerationFinished finished)
            {
                _meter?.Finished(finished.Usage);
                _finished = finished;
            }
        }
    }

    /// <summary>Stops the generation if it still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        await _events.DisposeAsync();
        _cancel.Dispose();
    }

    private async ValueTask<bool> MoveNextAsync()
    {
        try
        {
            return await _events.MoveNextAsync();
        }
        catch (OperationCanceledException) when (_stop.Over.IsCancellationRequested && !_context.RequestAborted.IsCancellationRequested)
        {
            _finished = CutShort();
            return false;
        }
    }

    /// <summary>
    /// The end that the server makes when the engine was not let finish: the model had not ended its turn, so the reason is a limit. Tokens are counted as
    /// pieces of text, of which each holds one or, rarely, more.
    /// </summary>
    private GenerationFinished CutShort()
    {
        long now = Stopwatch.GetTimestamp();
        long begin = _firstDeltaAt == 0 ? now : _firstDeltaAt;
        GenerationUsage usage = new(
            _started.PromptTokens, _started.CachedTokens, _deltas, TimeSpan.Zero,
            Stopwatch.GetElapsedTime(_startedAt, begin), Stopwatch.GetElapsedTime(begin, now));
        return new GenerationFinished(FinishReason.Length, usage, _started.Truncation, Context: []);
    }
}
