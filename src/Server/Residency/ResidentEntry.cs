using LocalLlm.Engine;

namespace LocalLlm.Server.Residency;

/// <summary>
/// One model in memory, or on its way there or out. Guarded by the lock of <see cref="ResidentModels"/>, except <see cref="Engine"/>, which is set once.
/// </summary>
internal sealed class ResidentEntry(ServedModel model, KeepAlive keepAlive)
{
    /// <summary>What is loaded.</summary>
    public ServedModel Model { get; } = model;

    /// <summary>How long it stays when idle.</summary>
    public KeepAlive KeepAlive { get; set; } = keepAlive;

    /// <summary>The loaded model, once it is.</summary>
    public Task<ITextEngine> Engine { get; set; } = null!;

    /// <summary>Requests that use it or wait for it.</summary>
    public int Leases { get; set; }

    /// <summary>When a request began or ended to use it.</summary>
    public DateTimeOffset LastUse { get; set; }

    /// <summary>Unloads it when its time is over.</summary>
    public ITimer? Expiry { get; set; }

    /// <summary>No longer found by new requests; unloaded when its last lease ends.</summary>
    public bool IsRetired { get; set; }

    /// <summary>On its way out.</summary>
    public bool IsUnloading { get; set; }

    /// <summary>What was granted to it when it was let in; null if that could not be planned.</summary>
    public MemoryPlan? Plan { get; set; }

    /// <summary>Whether it can be used.</summary>
    public bool IsLoaded => Engine.IsCompletedSuccessfully;

    /// <summary>Whether it was loaded and will answer no more: its process ended.</summary>
    public bool IsDead => IsLoaded && Engine.Result.Ended.IsCompleted;

    /// <summary>Loaded and used by nobody.</summary>
    public bool IsIdle => IsLoaded && Leases == 0 && !IsRetired;

    /// <summary>Bytes that come back when it goes.</summary>
    public long TotalBytes => Plan?.TotalBytes ?? 0;

    /// <summary>
    /// Bytes that it may take and that the system still calls free: mapped weights, which are file pages, and the part of the cache that no request has
    /// touched yet. While it loads that is all of it.
    /// </summary>
    public long UnseenBytes
    {
        get
        {
            if (Plan is null || !IsLoaded)
            {
                return TotalBytes;
            }
            EngineStatus status = Engine.Result.Status;
            long touched = (status.KvBlocksInUse + (long)status.KvBlocksCached) * status.KvBytesPerBlock;
            return Plan.WeightBytes + Math.Max(0, Plan.CacheBytes - touched);
        }
    }
}
