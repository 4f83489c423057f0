using LocalLlm.Engine;

namespace LocalLlm.Server.Residency;

/// <summary>
/// The models in memory. A model is loaded when the first request asks for it; all who ask meanwhile wait for that one load, which goes on
/// even if they leave; and it is unloaded when nobody has used it for its keep-alive time. Names that share a file share one loaded model.
/// </summary>
/// <param name="load">Loads a model.</param>
/// <param name="keepAlive">How long idle models stay where no request says otherwise.</param>
/// <param name="time">The clock.</param>
/// <param name="limitContext">The positions that a model is loaded with at most, where a request asks for so many; null for no limit but the model's own.</param>
public sealed class ResidentModels(EngineFactory load, KeepAlive keepAlive, TimeProvider time, Func<ServedModel, int, int>? limitContext = null) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _byPath = [];
    private readonly HashSet<Task> _unloading = [];
    private readonly CancellationTokenSource _stopping = new();
    private bool _disposed;

    /// <summary>Uses a model, loading it if need be.</summary>
    /// <param name="model">Which.</param>
    /// <param name="contextLength">Positions that the request needs at least; null for the default. A model loaded with fewer is loaded again.</param>
    /// <param name="requestedKeepAlive">How long the model shall stay after this request; null leaves it as it is.</param>
    /// <param name="cancellationToken">Ends the wait, not the load.</param>
    /// <exception cref="TextEngineException">The model cannot be loaded.</exception>
    public async Task<ModelLease> AcquireAsync(
        ServedModel model, int? contextLength, KeepAlive? requestedKeepAlive, CancellationToken cancellationToken)
    {
        if (contextLength is { } wanted && limitContext is not null)
        {
            contextLength = limitContext(model, wanted);
        }
        while (true)
        {
            Entry entry = Enter(model, contextLength, requestedKeepAlive);
            try
            {
                ITextEngine engine = await entry.Engine.WaitAsync(cancellationToken);
                if (entry.Holds(contextLength))
                {
                    return new ModelLease(engine, () => Leave(entry));
                }
            }
            catch
            {
                Leave(entry);
                throw;
            }
            Leave(entry); // It was on its way when this request came, and has too few positions: entering again loads it anew.
        }
    }

    /// <summary>Unloads a model as soon as nobody uses it; does nothing if it is not loaded.</summary>
    public void Unload(ServedModel model)
    {
        lock (_lock)
        {
            if (_byPath.TryGetValue(model.Path, out Entry? entry))
            {
                entry.KeepAlive = KeepAlive.None;
                entry.LastUse = time.GetUtcNow();
                RetireOrWait(entry);
            }
        }
    }

    /// <summary>The models that are loaded now, the one that stays longest first.</summary>
    public IReadOnlyList<ResidentModel> List()
    {
        lock (_lock)
        {
            return [.. _byPath.Values
                .Where(entry => entry.Engine.IsCompletedSuccessfully)
                .Select(entry => new ResidentModel(entry.Model, entry.Engine.Result.Description, ExpiresAt(entry)))
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
            _stopping.Cancel();
            foreach (Entry entry in _byPath.Values.ToArray())
            {
                Retire(entry);
                if (entry.Leases > 0)
                {
                    StartUnloading(entry);
                }
            }
            unloading = [.. _unloading];
        }
        await Task.WhenAll(unloading);
        _stopping.Dispose();
    }

    private Entry Enter(ServedModel model, int? contextLength, KeepAlive? requestedKeepAlive)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_byPath.TryGetValue(model.Path, out Entry? entry) && !entry.Holds(contextLength))
            {
                Retire(entry);
                entry = null;
            }
            if (entry is null)
            {
                entry = new Entry(model, contextLength, keepAlive);
                _byPath[model.Path] = entry;
                entry.Engine = LoadAsync(entry);
            }
            entry.Leases++;
            entry.Expiry?.Dispose();
            entry.Expiry = null;
            entry.KeepAlive = requestedKeepAlive ?? entry.KeepAlive;
            return entry;
        }
    }

    private async Task<ITextEngine> LoadAsync(Entry entry)
    {
        await Task.Yield(); // The caller holds the lock.
        try
        {
            return await load(entry.Model, entry.ContextLength, _stopping.Token);
        }
        catch
        {
            lock (_lock)
            {
                Forget(entry);
            }
            throw;
        }
    }

    private void Leave(Entry entry)
    {
        lock (_lock)
        {
            entry.Leases--;
            entry.LastUse = time.GetUtcNow();
            RetireOrWait(entry);
        }
    }

    /// <summary>Starts the keep-alive time of an idle model, or lets it go if there is none.</summary>
    private void RetireOrWait(Entry entry)
    {
        if (entry.Leases > 0)
        {
            return;
        }
        entry.Expiry?.Dispose();
        entry.Expiry = null;
        if (entry.Retired)
        {
            StartUnloading(entry);
        }
        else if (entry.KeepAlive.IsNone)
        {
            Retire(entry);
        }
        else if (entry.KeepAlive.Duration is { } duration)
        {
            entry.Expiry = time.CreateTimer(_ => Expire(entry), null, duration, Timeout.InfiniteTimeSpan);
        }
    }

    private void Expire(Entry entry)
    {
        lock (_lock)
        {
            // A request may have come between the timer and the lock.
            if (entry.Leases == 0 && !entry.Retired && entry.Expiry is not null)
            {
                Retire(entry);
            }
        }
    }

    /// <summary>Takes a model out of service; it is unloaded when its last request ends.</summary>
    private void Retire(Entry entry)
    {
        Forget(entry);
        if (entry.Leases == 0)
        {
            StartUnloading(entry);
        }
    }

    private void Forget(Entry entry)
    {
        entry.Retired = true;
        entry.Expiry?.Dispose();
        entry.Expiry = null;
        if (_byPath.TryGetValue(entry.Model.Path, out Entry? current) && current == entry)
        {
            _byPath.Remove(entry.Model.Path);
        }
    }

    private void StartUnloading(Entry entry)
    {
        if (entry.Unloading)
        {
            return;
        }
        entry.Unloading = true;
        Task unload = UnloadAsync(entry);
        _unloading.Add(unload);
        unload.ContinueWith(Unloaded, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private void Unloaded(Task unload)
    {
        lock (_lock)
        {
            _unloading.Remove(unload);
        }
    }

    private static async Task UnloadAsync(Entry entry)
    {
        await Task.Yield(); // The caller holds the lock.
        try
        {
            await using ITextEngine engine = await entry.Engine;
        }
        catch (Exception) when (!entry.Engine.IsCompletedSuccessfully)
        {
            // The load failed: those who waited for it were told, and there is nothing to unload.
        }
    }

    private DateTimeOffset? ExpiresAt(Entry entry) => entry.KeepAlive.Duration is not { } duration
        ? null
        : (entry.Leases > 0 && !entry.KeepAlive.IsNone ? time.GetUtcNow() : entry.LastUse) + duration;

    /// <summary>One model in memory or on its way there. Guarded by the lock, except <see cref="Engine"/>, which is set once.</summary>
    private sealed class Entry(ServedModel model, int? contextLength, KeepAlive keepAlive)
    {
        public ServedModel Model { get; } = model;

        /// <summary>Positions asked for when it was loaded; null for the default.</summary>
        public int? ContextLength { get; } = contextLength;

        public KeepAlive KeepAlive { get; set; } = keepAlive;

        public Task<ITextEngine> Engine { get; set; } = null!;

        public int Leases { get; set; }

        public DateTimeOffset LastUse { get; set; }

        public ITimer? Expiry { get; set; }

        /// <summary>No longer found by new requests.</summary>
        public bool Retired { get; set; }

        public bool Unloading { get; set; }

        /// <summary>Whether a request that needs <paramref name="wanted"/> positions can use it: it was loaded with as many, or cannot have more.</summary>
        public bool Holds(int? wanted)
        {
            if (wanted is null || wanted <= ContextLength || !Engine.IsCompletedSuccessfully)
            {
                return true; // While it loads nobody knows what it will hold: whoever waited asks again.
            }
            ModelDescription description = Engine.Result.Description;
            return wanted <= description.ContextLength || description.ContextLength >= description.TrainedContextLength;
        }
    }
}
