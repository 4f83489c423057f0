using LocalLlm.Engine;

namespace LocalLlm.Server.Residency;

/// <summary>How models come into memory and leave it.</summary>
public sealed record ResidencyOptions
{
    /// <summary>How long an idle model stays where no request says otherwise.</summary>
    public KeepAlive KeepAlive { get; init; } = KeepAlive.For(TimeSpan.FromMinutes(5));

    /// <summary>Most models in memory at once; 0 leaves it to the memory.</summary>
    public int MaxLoadedModels { get; init; }

    /// <summary>How long a load may take before it is given up; zero or less for as long as it takes.</summary>
    public TimeSpan LoadTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long a model that needs room waits for a busy one to become idle by itself. After that the busy one takes no more requests: those that come
    /// wait behind the newcomer, so that a stream of requests to one model can't keep another out for ever.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes that are free now, pages of mapped files included.</summary>
    public Func<long> AvailableBytes { get; init; } = () => SystemMemory.AvailableBytes;

    /// <summary>
    /// Reads what a model will take: gives the plan for so many free bytes, or null where the file does not tell, which loading it will then complain of.
    /// Asked once for each load, outside of all locks.
    /// </summary>
    public Func<ServedModel, Func<long, MemoryPlan>?> ReadPlanner { get; init; } = _ => null;
}
