namespace LocalLlm.Engine.Encoders;

/// <summary>Texts of one request on their way through the encoder. All members but <see cref="Vectors"/> are for the thread that computes.</summary>
/// <param name="inputs">Tokens of each text; at least one text.</param>
/// <param name="cancellation">Nobody wants the answer any more.</param>
internal sealed class EncoderRequest(int[][] inputs, CancellationToken cancellation)
{
    private readonly TaskCompletionSource<float[][]> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly float[][] _vectors = new float[inputs.Length][];
    private int _open = inputs.Length;
    private int _next;

    /// <summary>Nobody wants the answer any more.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>A vector for each text, in their order.</summary>
    public Task<float[][]> Vectors => _done.Task;

    /// <summary>Whether texts wait that no pass has taken yet.</summary>
    public bool HasMore => _next < inputs.Length && !_done.Task.IsCompleted;

    /// <summary>Tokens of the text that is next.</summary>
    public int[] Next => inputs[_next];

    /// <summary>Takes the text that is next; returns its index.</summary>
    public int Take() => _next++;

    /// <summary>Takes a text's vector; all fail if one fails.</summary>
    public void Complete(int text, Pooled pooled)
    {
        if (pooled.Error is { } error)
        {
            Fail(error);
            return;
        }
        _vectors[text] = pooled.Vector;
        if (--_open == 0)
        {
            _done.TrySetResult(_vectors);
        }
    }

    /// <summary>Ends it without a result.</summary>
    public void Fail(Exception error) => _done.TrySetException(error);

    /// <summary>Ends it because nobody waits any more.</summary>
    public void Cancel() => _done.TrySetCanceled(cancellation);
}
