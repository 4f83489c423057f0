using LocalLlm.Engine.Generation;
using LocalLlm.Engine.Transformer;

namespace LocalLlm.Engine.Scheduling;

/// <summary>A text that is embedded: its tokens are evaluated once, and the states that its pooling asks for are collected.</summary>
/// <param name="client">Who asks.</param>
/// <param name="tokens">At least one token.</param>
/// <param name="type">Which states count.</param>
/// <param name="width">Width of a state.</param>
/// <param name="cancellation">Nobody wants the answer any more.</param>
internal sealed class EmbeddingSequence(string client, int[] tokens, PoolingType type, int width, CancellationToken cancellation)
    : ScheduledSequence(client, tokens.Length, cancellation)
{
    private readonly TaskCompletionSource<float[]> _vector = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EmbeddingPooling _pooling = new(type, width);

    /// <summary>The pooled vector at length 1.</summary>
    public Task<float[]> Vector => _vector.Task;

    /// <inheritdoc/>
    public override ReadOnlySpan<int> Tokens => tokens;

    /// <summary>States are wanted that a cached prefix no longer has.</summary>
    public override bool SharesPrefixes => false;

    /// <inheritdoc/>
    public override bool IsDecoding => false;

    /// <inheritdoc/>
    public override bool TakesStates => true;

    /// <inheritdoc/>
    public override bool WantsState(int position) => EmbeddingPooling.Wants(type, position, tokens.Length);

    /// <inheritdoc/>
    public override void Take(Span<float> row) => _pooling.Add(row);

    /// <inheritdoc/>
    public override void EndStep()
    {
        if (Pending > 0)
        {
            return;
        }
        IsDone = true;
        try
        {
            _vector.TrySetResult(_pooling.Normalised());
        }
        catch (TextEngineException e)
        {
            _vector.TrySetException(e);
        }
    }

    /// <inheritdoc/>
    public override void Fail(Exception exception)
    {
        IsDone = true;
        _vector.TrySetException(exception);
    }

    /// <summary>Whoever lost its place begins again.</summary>
    protected override void OnEnter() => _pooling = new EmbeddingPooling(type, width);
}
