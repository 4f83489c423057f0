namespace LocalLlm.Server.Http;

/// <summary>The times of one request; it starts when the request arrives.</summary>
/// <param name="time">The clock.</param>
internal sealed class RequestClock(TimeProvider time)
{
    private readonly long _arrival = time.GetTimestamp();

    /// <summary>Now.</summary>
    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Nanoseconds since the request arrived; at least 1, since clients divide by it.</summary>
    public long ElapsedNanoseconds => Math.Max(1, WireTime.Nanoseconds(time.GetElapsedTime(_arrival)));

    /// <summary>Nanoseconds from arrival until the model was ready.</summary>
    public long LoadNanoseconds { get; private set; }

    /// <summary>Notes that the model is ready.</summary>
    public void ModelIsReady() => LoadNanoseconds = ElapsedNanoseconds;
}
