using LocalLlm.Engine;

namespace LocalLlm.Server.Residency;

/// <summary>
/// The models in memory. A model is loaded when the first request asks for it; all who ask meanwhile wait for that one load, which goes on
/// even if they leave; and it is unloaded when nobody has used it for its keep-alive time, or when it must make way for another. Names that share a file
/// and its adapters share one loaded model. A model whose engine ended is forgotten at once.
/// </summary>
public sealed class ResidentModels : IAsyncDisposable
{
    private readonly EngineFactory _load;
    private readonly ResidencyOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ResidentEntry> _byKey = [];
    private readonly HashSet<Task> _unloading = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly ModelRoom _room;
    private ResidencyCounts _counts;
    private bool _disposed;

    /// <summary>Begins with none.</summary>
    /// <param name="load">Loads a model.</param>
    /// <param name="options">Times and limits.</param>
    /// <param name="time">The clock.</param>
    public ResidentModels(EngineFactory load, ResidencyOptions options, TimeProvider time)
    {
        (_load, _options, _time) = (load, options, time);
        _room = new ModelRoom(options, _lock, time, Evict);
    }

    /// <summary>What has happened so far.</summary>
    public ResidencyCounts Counts
    {
        get
        {
            lock (_lock)
            {
                return _counts;
            }
        }
    }

    /// <summary>Whether any model is in memory, or on its way in or out.</summary>
    public bool HoldsAny
    {
        get
        {
            lock (_lock)
            {
                return _byKey.Count > 0 || _unloading.Count > 0;
            }
        }
    }

    /// <summary>Uses a model, loading it if need be.</summary>
    /// <param name="model">Which.</param>
    /// <param name="requestedKeepAlive">How long the model shall stay after this request; null leaves it as it is.</param>
    /// <param name="cancellationToken">Ends the wait, not the load.</param>
    /// <exception cref="TextEngineException">The model cannot be loaded.</exception>
    public async Task<ModelLease> AcquireAsync(ServedModel model, KeepAlive? requestedKeepAlive, CancellationToken cancellationToken)
    {
        ResidentEntry entry = Enter(model, requestedKeepAlive);
        try
        {
            return new ModelLease(await entry.Engine.WaitAsync(cancellationToken), () => Leave(entry), () => Lose(entry));
        }
        catch
        {
            Leave(entry);
            throw;
        }
    }

    /// <summary>Unloads a model as soon as nobody uses it; does nothing if it is not loaded.</summary>
    public void Unload(ServedModel model)
    {
        lock (_lock)
        {
            if (_byKey.TryGetValue(model.LoadKey, out ResidentEntry? entry))
            {
                entry.KeepAlive = KeepAlive.None;
                entry.LastUse = _time.GetUtcNow();
                RetireOrWait(entry);
            }
        }
    }

    /// <summary>The models that are loaded now, the one that stays longest first.</summary>
    public IReadOnlyList<ResidentModel> List()
    {
        lock (_lock)
        {
            return [.. _byKey.Values
                .Where(entry => entry.IsLoaded && !entry.IsDead)
                .Select(entry => new ResidentModel(entry.Model, entry.Engine.Result, ExpiresAt(entry)))
                .OrderByDescending(resident => resident.ExpiresAt ?? DateTimeOffset.MaxValue)];
        }
    }

    /// <summary>Gives up loads under way and unloads everything; requests should have ended.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] unloading;
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }
            _disposed = true;
            _room.Close();
            foreach (ResidentEntry entry in _byKey.Values.ToArray())
            {
                Retire(entry);
                StartUnloading(entry);
            }
            unloading = [.. _unloading];
        }
        await _stopping.CancelAsync();
        await Task.WhenAll(unloading);
        _stopping.Dispose();
    }

    private ResidentEntry Enter(ServedModel model, KeepAlive? requestedKeepAlive)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_byKey.TryGetValue(model.LoadKey, out ResidentEntry? entry) && entry.IsDead)
            {
                RetireLost(entry);
                entry = null;
            }
            if (entry is null)
            {
                entry = new ResidentEntry(model, _options.KeepAlive);
                _byKey[model.LoadKey] = entry;
                entry.Engine = BringInAsync(entry);
            }
            entry.Leases++;
            entry.LastUse = _time.GetUtcNow();
            StopExpiry(entry);
            entry.KeepAlive = requestedKeepAlive ?? entry.KeepAlive;
            return entry;
        }
    }

    /// <summary>Waits for room and loads; whoever waits for the model waits for this.</summary>
    private async Task<ITextEngine> BringInAsync(ResidentEntry entry)
    {
        await Task.Yield(); // The caller holds the lock.
        Task rest = Task.CompletedTask;
        try
        {
            await _room.EnterAsync(entry);
            (Task<ITextEngine> result, rest) = await ModelLoading.RunAsync(
                _load, entry.Model, entry.Plan?.CacheBytes, _options.LoadTimeout, _time, _stopping.Token);
            ITextEngine engine = await result;
            lock (_lock)
            {
                _counts = _counts with { Loads = _counts.Loads + 1 };
            }
            _ = WatchAsync(entry, engine);
            return engine;
        }
        catch (Exception exception)
        {
            lock (_lock)
            {
                _counts = exception is OperationCanceledException ? _counts : _counts with { FailedLoads = _counts.FailedLoads + 1 };
                Forget(entry);
            }
            _ = LeaveRoomAsync(entry, rest);
            throw;
        }
    }

    /// <summary>Notices that a model became usable, and that it ended.</summary>
    private async Task WatchAsync(ResidentEntry entry, ITextEngine engine)
    {
        // Once the task is complete the model may count as idle.
        await entry.Engine;
        lock (_lock)
        {
            _room.Update();
        }
        await engine.Ended;
        Lose(entry);
    }

    private async Task LeaveRoomAsync(ResidentEntry entry, Task rest)
    {
        await rest;
        lock (_lock)
        {
            _room.Leave(entry);
        }
    }

    private void Lose(ResidentEntry entry)
    {
        lock (_lock)
        {
            RetireLost(entry);
            _room.Update();
        }
    }

    private void RetireLost(ResidentEntry entry)
    {
        if (!entry.IsRetired)
        {
            _counts = _counts with { Losses = _counts.Losses + 1 };
            Retire(entry);
        }
    }

    private void Evict(ResidentEntry entry)
    {
        _counts = _counts with { Evictions = _counts.Evictions + 1 };
        Retire(entry);
    }

    private void Leave(ResidentEntry entry)
    {
        lock (_lock)
        {
            entry.Leases--;
            entry.LastUse = _time.GetUtcNow();
            RetireOrWait(entry);
            _room.Update();
        }
    }

    /// <summary>Starts the keep-alive time of an idle model, or lets it go if there is none.</summary>
    private void RetireOrWait(ResidentEntry entry)
    {
        if (entry.Leases > 0)
        {
            return;
        }
        StopExpiry(entry);
        if (entry.IsRetired)
        {
            StartUnloading(entry);
        }
        else if (_room.IsWaiting(entry))
        {
            // Nobody asks any more for what has not even begun to load.
            Forget(entry);
            _room.Withdraw(entry);
        }
        else if (entry.KeepAlive.IsNone)
        {
            Retire(entry);
        }
        else if (entry.KeepAlive.Duration is { } duration)
        {
            entry.Expiry = _time.CreateTimer(_ => Expire(entry), null, duration, Timeout.InfiniteTimeSpan);
        }
    }

    private void Expire(ResidentEntry entry)
    {
        lock (_lock)
        {
            // A request may have come between the timer and the lock.
            if (entry.Leases == 0 && !entry.IsRetired && entry.Expiry is not null)
            {
                Retire(entry);
            }
        }
    }

    /// <summary>Takes a model out of service; it is unloaded when its last request ends.</summary>
    private void Retire(ResidentEntry entry)
    {
        Forget(entry);
        if (entry.Leases == 0)
        {
            StartUnloading(entry);
        }
    }

    private void Forget(ResidentEntry entry)
    {
        entry.IsRetired = true;
        StopExpiry(entry);
        if (_byKey.TryGetValue(entry.Model.LoadKey, out ResidentEntry? current) && current == entry)
        {
            _byKey.Remove(entry.Model.LoadKey);
        }
    }

    private static void StopExpiry(ResidentEntry entry)
    {
        entry.Expiry?.Dispose();
        entry.Expiry = null;
    }

    private void StartUnloading(ResidentEntry entry)
    {
        if (entry.IsUnloading)
        {
            return;
        }
        entry.IsUnloading = true;
        Task unload = UnloadAsync(entry);
        _unloading.Add(unload);
        unload.ContinueWith(
            _ =>
            {
                lock (_lock)
                {
                    _unloading.Remove(unload);
                }
            },
            CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private async Task UnloadAsync(ResidentEntry entry)
    {
        await Task.Yield(); // The caller holds the lock.
        try
        {
            await using (await entry.Engine)
            {
            }
        }
        catch (Exception) when (!entry.IsLoaded)
        {
            return; // The load failed: those who waited for it were told, and there is nothing to unload.
        }
        finally
        {
            if (entry.IsLoaded)
            {
                lock (_lock)
                {
                    _room.Leave(entry);
                }
            }
        }
    }

    private DateTimeOffset? ExpiresAt(ResidentEntry entry) => entry.KeepAlive.Duration is not { } duration
        ? null
        : (entry.Leases > 0 && !entry.KeepAlive.IsNone ? _time.GetUtcNow() : entry.LastUse) + duration;
}
