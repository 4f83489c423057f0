using LocalLlm.Engine.Reranking;

namespace LocalLlm.Engine.Scheduling;

/// <summary>A prompt that is answered by "yes" or "no": evaluated once, and the row after its last token is all that is wanted. What prompts share is evaluated for one of them.</summary>
/// <param name="client">Who asks.</param>
/// <param name="tokens">At least one token.</param>
/// <param name="head">Reads the answer.</param>
/// <param name="counters">Counts the tokens.</param>
/// <param name="cancellation">Nobody wants the answer any more.</param>
internal sealed class ScoreSequence(string client, int[] tokens, YesNoHead head, SchedulerCounters counters, CancellationToken cancellation)
    : ScheduledSequence(client, tokens.Length, cancellation)
{
    private readonly TaskCompletionSource<float> _score = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _counted;
    private float _taken;

    /// <summary>The probability of "yes".</summary>
    public Task<float> Score => _score.Task;

    /// <inheritdoc/>
    public override ReadOnlySpan<int> Tokens => tokens;

    /// <inheritdoc/>
    public override bool SharesPrefixes => true;

    /// <inheritdoc/>
    public override bool IsDecoding => false;

    /// <inheritdoc/>
    public override bool TakesStates => head.TakesStates;

    /// <inheritdoc/>
    public override bool WantsState(int position) => position == tokens.Length - 1;

    /// <inheritdoc/>
    public override void Take(Span<float> row) => _taken = head.Score(row);

    /// <inheritdoc/>
    public override void EndStep()
    {
        if (Pending == 0)
        {
            IsDone = true;
            _score.TrySetResult(_taken);
        }
    }

    /// <inheritdoc/>
    public override void AdoptMore()
    {
        int before = Cache!.Length;
        Cache.Adopt(tokens);
        counters.Cached += Cache.Length - before;
    }

    /// <inheritdoc/>
    public override void Fail(Exception exception)
    {
        IsDone = true;
        _score.TrySetException(exception);
    }

    /// <summary>Counts the prompt when it is about to be evaluated for the first time.</summary>
    protected override void OnEnter()
    {
        if (!_counted)
        {
            _counted = true;
            counters.Prompt += tokens.Length;
            counters.Cached += Cache!.Length;
        }
    }
}
