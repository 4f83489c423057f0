namespace LocalLlm.Server.Http;

/// <summary>
/// The end of a server: first, nothing that waits is started any more while what runs may finish; after the grace, what still runs is ended with what it
/// has said so far.
/// </summary>
/// <param name="grace">How long running generations may go on; zero or less for not at all.</param>
/// <param name="time">The clock.</param>
internal sealed class GracefulStop(TimeSpan grace, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _begun = new();
    private readonly CancellationTokenSource _over = new();
    private ITimer? _timer;

    /// <summary>Cancelled when the stop begins.</summary>
    public CancellationToken Begun => _begun.Token;

    /// <summary>Cancelled when the grace is over.</summary>
    public CancellationToken Over => _over.Token;

    /// <summary>Begins the stop.</summary>
    public void Begin()
    {
        _begun.Cancel();
        if (grace <= TimeSpan.Zero)
        {
            _over.Cancel();
            return;
        }
        _timer ??= time.CreateTimer(_ => _over.Cancel(), null, grace, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Ends the timer. The tokens stay usable: a callback of the timer may be on its way.</summary>
    public void Dispose() => _timer?.Dispose();
}
