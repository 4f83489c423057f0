namespace LocalLlm.Server.Registry;

/// <summary>
/// Holds downloads to so many bytes a second, all connections together: a token bucket that fills by itself up to a tenth of a second's worth. Whoever takes
/// more than is in it waits until the debt is paid. Safe to use from many threads.
/// </summary>
/// <param name="bytesPerSecond">More than 0.</param>
/// <param name="time">The clock.</param>
internal sealed class RateLimit(long bytesPerSecond, TimeProvider time)
{
    private const int MinRead = 1024;

    private readonly Lock _lock = new();
    private double _tokens = bytesPerSecond / 10.0;
    private long _filled = time.GetTimestamp();

    /// <summary>Most bytes to read at once, so that low rates do not come in bursts.</summary>
    public int ReadBytes { get; } = (int)Math.Clamp(bytesPerSecond / 10, MinRead, int.MaxValue);

    /// <summary>The limit that an option gives; null for none.</summary>
    public static RateLimit? Of(long? bytesPerSecond) => bytesPerSecond is { } rate ? new RateLimit(rate, TimeProvider.System) : null;

    /// <summary>Counts bytes that have come, and waits until more may come.</summary>
    public async ValueTask WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        if (Take(bytes) is { Ticks: > 0 } pause)
        {
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    /// <summary>Counts bytes and says how long to wait.</summary>
    internal TimeSpan Take(int bytes)
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            _tokens = Math.Min(bytesPerSecond / 10.0, _tokens + (time.GetElapsedTime(_filled, now).TotalSeconds * bytesPerSecond)) - bytes;
            _filled = now;
            return TimeSpan.FromSeconds(Math.Max(0, -_tokens / bytesPerSecond));
        }
    }
}
