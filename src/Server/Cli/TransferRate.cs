namespace LocalLlm.Server.Cli;

/// <summary>Bytes a second of a transfer, over the last ten seconds, so that a number that people watch neither jumps nor lags.</summary>
/// <param name="time">The clock.</param>
internal sealed class TransferRate(TimeProvider time)
{
    private const int Samples = 10;

    private static readonly TimeSpan s_step = TimeSpan.FromSeconds(1);

    private readonly Queue<(long At, long Bytes)> _samples = [];
    private (long At, long Bytes) _last;

    /// <summary>Bytes a second; 0 while there is too little to tell.</summary>
    public long BytesPerSecond { get; private set; }

    /// <summary>Tells how many bytes there are by now.</summary>
    public void Add(long bytes)
    {
        long now = time.GetTimestamp();
        if (_samples.Count == 0)
        {
            // What was there before it began was not transferred now.
            _samples.Enqueue(_last = (now, bytes));
            return;
        }
        if (time.GetElapsedTime(_last.At, now) < s_step)
        {
            return;
        }
        (long at, long before) = _samples.Peek();
        BytesPerSecond = (long)Math.Max(0, (bytes - before) / time.GetElapsedTime(at, now).TotalSeconds);
        _samples.Enqueue(_last = (now, bytes));
        if (_samples.Count > Samples)
        {
            _samples.Dequeue();
        }
    }
}
