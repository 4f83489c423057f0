using LocalLlm.Engine;

namespace LocalLlm.Server.Http;

/// <summary>A generation whose request the engine has accepted.</summary>
internal sealed class RunningGeneration : IAsyncDisposable
{
    /// <summary>Tells what was dropped from the prompt, since no field of OpenAI's answers could.</summary>
    public const string TruncationHeader = "X-LocalLlm-Truncated";

    private readonly IAsyncEnumerator<GenerationEvent> _events;
    private GenerationFinished? _finished;

    private RunningGeneration(IAsyncEnumerator<GenerationEvent> events, GenerationStarted started)
    {
        _events = events;
        Started = started;
    }

    /// <summary>What the engine made of the prompt.</summary>
    public GenerationStarted Started { get; }

    /// <summary>How it ended; known when <see cref="DeltasAsync"/> has run to its end.</summary>
    public GenerationFinished Finished => _finished ?? throw new InvalidOperationException("The generation has not ended.");

    /// <summary>Hands a request to the engine and waits until it is accepted, so that its errors can still become a status.</summary>
    /// <param name="engine">The model.</param>
    /// <param name="request">What to generate.</param>
    /// <param name="context">Of the client, whose leaving cancels the generation; its answer gets <see cref="TruncationHeader"/>.</param>
    public static async Task<RunningGeneration> StartAsync(ITextEngine engine, GenerationRequest request, HttpContext context)
    {
        IAsyncEnumerator<GenerationEvent> events =
            engine.GenerateAsync(request, context.RequestAborted).GetAsyncEnumerator(context.RequestAborted);
        try
        {
            GenerationStarted started = await events.MoveNextAsync() && events.Current is GenerationStarted first
                ? first
                : throw new InvalidOperationException("The engine did not begin with its start event.");
            if (started.Truncation is { } dropped)
            {
                context.Response.Headers[TruncationHeader] =
                    $"dropped_messages={dropped.DroppedMessages}, dropped_tokens={dropped.DroppedTokens}, kept_tokens={dropped.KeptTokens}";
            }
            return new RunningGeneration(events, started);
        }
        catch
        {
            await events.DisposeAsync();
            throw;
        }
    }

    /// <summary>The text as it comes; pieces that carry neither text nor log-probabilities are left out.</summary>
    public async IAsyncEnumerable<TextDelta> DeltasAsync()
    {
        while (await _events.MoveNextAsync())
        {
            if (_events.Current is TextDelta delta && (delta.Text.Length > 0 || delta.LogProbabilities.Count > 0))
            {
                yield return delta;
            }
            else if (_events.Current is GenerationFinished finished)
            {
                _finished = finished;
            }
        }
    }

    /// <summary>Stops the generation if it still runs.</summary>
    public ValueTask DisposeAsync() => _events.DisposeAsync();
}
