using LocalLlm.Engine;

namespace LocalLlm.Server.Residency;

/// <summary>
/// Decides which model may come into memory. A newcomer that finds no room waits; idle models make way, the one that was used longest ago first. Newcomers
/// are let in in the order in which they came, but one that fits as it is does not wait for another that doesn't, until the other has run out of patience.
/// </summary>
/// <param name="options">Limits.</param>
/// <param name="gate">The lock of <see cref="ResidentModels"/>: members are called while it is held, but for <see cref="EnterAsync"/>.</param>
/// <param name="time">The clock.</param>
/// <param name="evict">Takes a model out of service; it calls <see cref="Leave"/> when it is gone.</param>
internal sealed class ModelRoom(ResidencyOptions options, Lock gate, TimeProvider time, Action<ResidentEntry> evict)
{
    private readonly List<ResidentEntry> _inside = [];
    private readonly List<Newcomer> _waiting = [];

    private enum Verdict
    {
        Fits,
        NeedsRoom,
        NeverFits,
    }

    /// <summary>Waits until there is room for a model; what it gets stands in <see cref="ResidentEntry.Plan"/> then.</summary>
    /// <exception cref="TextEngineException">It would not fit if all others went.</exception>
    /// <exception cref="OperationCanceledException"><see cref="Withdraw"/> or <see cref="Close"/> was called.</exception>
    public Task EnterAsync(ResidentEntry entry)
    {
        Newcomer newcomer = new(entry, options.ReadPlanner(entry.Model));
        lock (gate)
        {
            if (entry.IsRetired)
            {
                newcomer.Decided.SetCanceled(); // Everyone who had asked for it left meanwhile.
                return newcomer.Decided.Task;
            }
            _waiting.Add(newcomer);
            Update();
        }
        return newcomer.Decided.Task;
    }

    /// <summary>Whether a model still waits to be let in.</summary>
    public bool IsWaiting(ResidentEntry entry) => !_inside.Contains(entry);

    /// <summary>Ends the wait of a model that nobody asks for any more.</summary>
    public void Withdraw(ResidentEntry entry)
    {
        if (_waiting.Find(newcomer => newcomer.Entry == entry) is { } found)
        {
            Remove(found);
            found.Decided.TrySetCanceled();
            Update();
        }
    }

    /// <summary>Ends all waits.</summary>
    public void Close()
    {
        foreach (Newcomer newcomer in _waiting.ToArray())
        {
            Remove(newcomer);
            newcomer.Decided.TrySetCanceled();
        }
    }

    /// <summary>A model has gone, or its load failed: its memory is free again.</summary>
    public void Leave(ResidentEntry entry)
    {
        _inside.Remove(entry);
        Update();
    }

    /// <summary>Something changed that newcomers may have waited for: a model became idle, was loaded, or is gone.</summary>
    public void Update()
    {
        for (int i = 0; i < _waiting.Count;)
        {
            Newcomer newcomer = _waiting[i];
            Verdict verdict = Decide(newcomer, out MemoryPlan? plan);
            if (verdict != Verdict.NeedsRoom)
            {
                Remove(newcomer);
                if (verdict == Verdict.Fits)
                {
                    newcomer.Entry.Plan = plan;
                    _inside.Add(newcomer.Entry);
                    newcomer.Decided.TrySetResult();
                }
                else
                {
                    newcomer.Decided.TrySetException(new TextEngineException(TextEngineErrorKind.InsufficientMemory, plan!.Refusal));
                }
                continue;
            }
            if (i == 0)
            {
                MakeRoom(newcomer);
                if (newcomer.IsImpatient)
                {
                    return; // Others would take the room that is being made.
                }
            }
            i++;
        }
    }

    private Verdict Decide(Newcomer newcomer, out MemoryPlan? plan)
    {
        // What a dead engine held is free already.
        List<ResidentEntry> inside = [.. _inside.Where(entry => !entry.IsDead)];
        bool hasPlace = options.MaxLoadedModels <= 0 || inside.Count < options.MaxLoadedModels;
        plan = null;
        if (newcomer.Planner is null)
        {
            return hasPlace ? Verdict.Fits : Verdict.NeedsRoom;
        }
        long available = options.AvailableBytes() - inside.Sum(entry => entry.UnseenBytes);
        plan = newcomer.Planner(available);
        if (plan.Fits)
        {
            return hasPlace ? Verdict.Fits : Verdict.NeedsRoom;
        }
        plan = newcomer.Planner(available + inside.Sum(entry => entry.TotalBytes));
        return plan.Fits ? Verdict.NeedsRoom : Verdict.NeverFits;
    }

    /// <summary>Sees to it that a model goes, one at a time: what it leaves may be enough.</summary>
    private void MakeRoom(Newcomer newcomer)
    {
        if (_inside.Exists(entry => entry.IsRetired && entry.IsLoaded && !entry.IsDead))
        {
            return; // One is on its way out.
        }
        ResidentEntry? idle = _inside.Where(entry => entry.IsIdle).MinBy(entry => entry.LastUse);
        if (idle is null && !newcomer.IsImpatient)
        {
            newcomer.Timer ??= time.CreateTimer(_ => LosePatience(newcomer), null, options.Patience, Timeout.InfiniteTimeSpan);
            return;
        }
        ResidentEntry? victim = idle ?? _inside.Where(entry => entry.IsLoaded).MinBy(entry => entry.LastUse);
        if (victim is not null)
        {
            evict(victim);
        }
    }

    private void LosePatience(Newcomer newcomer)
    {
        lock (gate)
        {
            newcomer.IsImpatient = true;
            Update();
        }
    }

    private void Remove(Newcomer newcomer)
    {
        newcomer.Timer?.Dispose();
        _waiting.Remove(newcomer);
    }

    /// <summary>A model that wants in.</summary>
    private sealed class Newcomer(ResidentEntry entry, Func<long, MemoryPlan>? planner)
    {
        public ResidentEntry Entry { get; } = entry;

        public Func<long, MemoryPlan>? Planner { get; } = planner;

        public TaskCompletionSource Decided { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ITimer? Timer { get; set; }

        public bool IsImpatient { get; set; }
    }
}
