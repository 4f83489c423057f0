using LocalLlm.Engine;

namespace LocalLlm.Server.Residency;

/// <summary>The use of a loaded model by one request: the model stays loaded until the lease ends.</summary>
public sealed class ModelLease : IDisposable
{
    private Action? _release;

    internal ModelLease(ITextEngine engine, Action release)
    {
        Engine = engine;
        _release = release;
    }

    /// <summary>The loaded model.</summary>
    public ITextEngine Engine { get; }

    /// <summary>Ends the use.</summary>
    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
