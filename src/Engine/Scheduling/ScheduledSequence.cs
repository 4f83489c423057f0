using System.Diagnostics;
using LocalLlm.Engine.Cache;

namespace LocalLlm.Engine.Scheduling;

/// <summary>
/// One request on its way through the scheduler. It waits, joins the running batch, may lose its place for want of room and come back, and ends. All
/// members but the constructor are for the scheduler's thread; <see cref="Take"/> may come on another one while that waits.
/// </summary>
/// <param name="client">Who asks.</param>
/// <param name="capacity">Most positions that it can come to hold.</param>
/// <param name="cancellation">Nobody wants the answer any more.</param>
internal abstract class ScheduledSequence(string client, int capacity, CancellationToken cancellation)
{
    /// <summary>Who asks.</summary>
    public string Client { get; } = client;

    /// <summary>Most positions that it can come to hold.</summary>
    public int Capacity { get; } = capacity;

    /// <summary>Nobody wants the answer any more.</summary>
    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>When it came, in ticks of <see cref="Stopwatch"/>.</summary>
    public long Arrived { get; } = Stopwatch.GetTimestamp();

    /// <summary>Its place in the order of first admissions; -1 before.</summary>
    public long Order { get; set; } = -1;

    /// <summary>Its positions in the cache; null while it waits.</summary>
    public CachedSequence? Cache { get; private set; }

    /// <summary>The tokens of all its positions, evaluated or not; at least one is not.</summary>
    public abstract ReadOnlySpan<int> Tokens { get; }

    /// <summary>Whether it takes prefixes from the cache and leaves its own there.</summary>
    public abstract bool SharesPrefixes { get; }

    /// <summary>Whether it has its answer.</summary>
    public bool IsDone { get; protected set; }

    /// <summary>Tokens that are to be evaluated.</summary>
    public int Pending => Tokens.Length - (Cache?.Length ?? 0);

    /// <summary>Whether it generates: one token is pending, the one that it said last.</summary>
    public abstract bool IsDecoding { get; }

    /// <summary>Puts it into the batch, with as much of its prefix as is known.</summary>
    public void Enter(KvCache cache)
    {
        Cache = new CachedSequence(cache, Capacity);
        if (SharesPrefixes)
        {
            Cache.Adopt(Tokens);
        }
        OnEnter();
    }

    /// <summary>Takes it out of the batch; what it has evaluated may stay in the cache.</summary>
    public void Leave()
    {
        if (SharesPrefixes && Cache is not null)
        {
            Cache.PublishAll(Tokens[..Math.Min(Cache.Length, Tokens.Length)]);
        }
        Cache?.Dispose();
        Cache = null;
    }

    /// <summary>Takes it out of the batch without leaving anything, after a pass that failed.</summary>
    public void Abandon()
    {
        Cache?.Dispose();
        Cache = null;
    }

    /// <summary>Takes what became known while its tokens were evaluated; for those who share prefixes.</summary>
    public virtual void AdoptMore()
    {
    }

    /// <summary>Guesses what comes after the pending token.</summary>
    /// <param name="most">Most tokens to guess.</param>
    /// <returns>The guesses, to be evaluated along with the pending token; empty for none.</returns>
    public virtual ReadOnlySpan<int> Draft(int most) => [];

    /// <summary>Whether the final state at a position is wanted.</summary>
    /// <param name="position">A position that is being evaluated.</param>
    public abstract bool WantsState(int position);

    /// <summary>Whether <see cref="Take"/> is given final states; else the logits made of them.</summary>
    public virtual bool TakesStates => false;

    /// <summary>Takes one wanted row, in the order of positions: the final state for an embedding, logits for a text; the callee may write to it.</summary>
    /// <param name="row">The row; valid during the call only.</param>
    public abstract void Take(Span<float> row);

    /// <summary>All wanted rows of a pass have been taken.</summary>
    public virtual void EndStep()
    {
    }

    /// <summary>Ends with an error.</summary>
    public abstract void Fail(Exception exception);

    /// <summary>It has entered the batch.</summary>
    protected virtual void OnEnter()
    {
    }
}
