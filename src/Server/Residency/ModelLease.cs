using LocalLlm.Engine;

namespace LocalLlm.Server.Residency;

/// <summary>The use of a loaded model by one request: the model stays loaded until the lease ends.</summary>
public sealed class ModelLease : IDisposable
{
    private readonly Action _lose;
    private Action? _release;

    internal ModelLease(ITextEngine engine, Action release, Action lose)
    {
        Engine = engine;
        _release = release;
        _lose = lose;
    }

    /// <summary>The loaded model.</summary>
    public ITextEngine Engine { get; }

    /// <summary>Tells that the engine is gone (<see cref="TextEngineErrorKind.Lost"/>): nobody gets it any more, and the next request loads anew.</summary>
    public void ReportLost() => _lose();

    /// <summary>Ends the use.</summary>
    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
