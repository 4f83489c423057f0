namespace LocalLlm.Server.Residency;

/// <summary>How long an idle model stays loaded.</summary>
public readonly record struct KeepAlive
{
    private KeepAlive(TimeSpan? duration) => Duration = duration;

    /// <summary>Until the server ends.</summary>
    public static KeepAlive Forever { get; }

    /// <summary>Not at all: unloads as soon as nobody uses it.</summary>
    public static KeepAlive None { get; } = new(TimeSpan.Zero);

    /// <summary>The time; null for forever.</summary>
    public TimeSpan? Duration { get; }

    /// <summary>Whether the model goes as soon as it is idle.</summary>
    public bool IsNone => Duration == TimeSpan.Zero;

    /// <summary>A time; negative ones mean forever, as do those beyond what a timer can count (about 49 days).</summary>
    public static KeepAlive For(TimeSpan duration) =>
        duration < TimeSpan.Zero || duration.TotalMilliseconds >= uint.MaxValue - 1 ? Forever : new KeepAlive(duration);
}
