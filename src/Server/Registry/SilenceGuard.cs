using System.Globalization;

namespace LocalLlm.Server.Registry;

/// <summary>Gives up a connection that has been silent for too long: its token is cancelled then.</summary>
/// <param name="patience">How long silence is borne.</param>
/// <param name="cancellationToken">Gives up for another reason.</param>
internal sealed class SilenceGuard(TimeSpan patience, CancellationToken cancellationToken) : IDisposable
{
    private readonly CancellationTokenSource _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

    /// <summary>Waits for something that counts as a sign of life.</summary>
    /// <exception cref="TransientRegistryException">There was none.</exception>
    public async Task<T> WaitAsync<T>(Func<CancellationToken, Task<T>> act)
    {
        _source.CancelAfter(patience);
        try
        {
            return await act(_source.Token);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientRegistryException(string.Create(CultureInfo.InvariantCulture, $"the connection was silent for {patience.TotalSeconds:0.#} s"), exception);
        }
        finally
        {
            _source.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>A sign of life from within what is waited for: patience begins anew.</summary>
    public void Renew() => _source.CancelAfter(patience);

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();
}
