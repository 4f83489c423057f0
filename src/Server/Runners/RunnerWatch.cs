namespace LocalLlm.Server.Runners;

/// <summary>
/// Notices that signs of life stay away. It counts its own looks rather than reading a clock: where this process was stopped itself (a laptop slept),
/// one look finds nothing and the next finds what came meanwhile.
/// </summary>
internal sealed class RunnerWatch : IDisposable
{
    private const int Looks = 10;

    private readonly TimeSpan _limit;
    private readonly Action _silent;
    private readonly Timer _timer;
    private bool _watching;
    private int _missed;

    /// <summary>Makes a watch that starts with the first <see cref="Heard"/>: until then the program itself is being started.</summary>
    /// <param name="limit">Longest silence; several times <see cref="Wire.RunnerProtocol.Heartbeat"/>.</param>
    /// <param name="silent">Called once when it has lasted so long.</param>
    public RunnerWatch(TimeSpan limit, Action silent)
    {
        _limit = limit;
        _silent = silent;
        _timer = new Timer(_ => Look());
    }

    /// <summary>Something was heard. For one thread.</summary>
    public void Heard()
    {
        Volatile.Write(ref _missed, 0);
        if (!_watching)
        {
            _watching = true;
            _timer.Change(_limit / Looks, _limit / Looks);
        }
    }

    /// <summary>Watches no more.</summary>
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        if (Interlocked.Increment(ref _missed) == Looks)
        {
            _timer.Dispose();
            _silent();
        }
    }
}
