using System.Diagnostics;
using LocalLlm.Engine.Cache;
using LocalLlm.Engine.Transformer;

namespace LocalLlm.Engine.Scheduling;

/// <summary>
/// Serves all requests of a model together: pass after pass, each with the next token of every answer and a piece of the prompts that wait.
/// Sequences join and leave between passes. What a request answers does not depend on the others: see <c>docs/arithmetic.md</c>.
/// </summary>
internal sealed class Scheduler : IDisposable
{
    // A sequence may share a block that is not whole, and copies it before going on: for a moment it holds one block more than its positions need.
    private const int SpareBlocks = 1;

    private readonly LanguageModel _model;
    private readonly KvCache _cache;
    private readonly RunningBatch _running;
    private readonly ForwardBatch _batch;
    private readonly StepCost _cost = new();
    private readonly RowHandOut _rows;
    private readonly Thread _thread;

    private readonly Lock _lock = new();
    private readonly FairQueue _waiting = new();                 // guarded by _lock
    private readonly AutoResetEvent _signal = new(false);
    private readonly List<ScheduledSequence> _preempted = [];    // in the order of their first admission
    private volatile bool _stopping;
    private readonly Action<ScheduledSequence> _preempt;
    private long _admissions;

    /// <summary>Starts serving.</summary>
    /// <param name="model">The model; nobody else computes with it from now on.</param>
    /// <param name="cacheBytes">Bytes for keys and values.</param>
    public Scheduler(LanguageModel model, long cacheBytes)
    {
        TransformerConfig config = model.Config;
        _model = model;
        _preempt = Preempt;
        long perBlock = MemoryPlan.BlockBytes(config, model.Options.KeyValueType);
        _cache = new KvCache(config, model.Options.KeyValueType, checked((int)(cacheBytes / perBlock) + SpareBlocks));
        _batch = new ForwardBatch(model.Transformer.BatchCapacity);
        _running = new RunningBatch(_cache, _cost, _batch.Capacity);
        _rows = new RowHandOut(model);
        _thread = new Thread(Run) { IsBackground = true, Name = "scheduler" };
        _thread.Start();
    }

    /// <summary>What was done so far.</summary>
    public SchedulerCounters Counters { get; } = new();

    /// <summary>What goes on.</summary>
    public EngineStatus Status => new()
    {
        ActiveSequences = _running.Active.Count,
        WaitingSequences = _waiting.Count + _preempted.Count,
        KvBlocks = _cache.Allocator.Blocks,
        KvBlocksInUse = _cache.Allocator.Blocks - _cache.AvailableBlocks,
        KvBlocksCached = _cache.Allocator.IdleBlocks,
        KvBytesPerBlock = _cache.Pool.BytesPerBlock,
        Steps = Counters.Steps,
        StepTokens = Counters.StepTokens,
        StepsByTokens = Counters.StepsBySequences,
        PromptTokens = Counters.Prompt,
        CachedTokens = Counters.Cached,
        GeneratedTokens = Counters.Generated,
        DraftedTokens = Counters.Drafted,
        AcceptedTokens = Counters.Accepted,
        Preemptions = Counters.Preemptions,
        EvictedBlocks = _cache.Prefixes.Evicted,
    };

    /// <summary>Bytes of the cache that were ever used, and so occupy memory.</summary>
    public long TouchedCacheBytes => _cache.Allocator.Touched * _cache.Pool.BytesPerBlock;

    /// <summary>Looks for requests that nobody waits for any more.</summary>
    public void Wake()
    {
        if (!_stopping)
        {
            _signal.Set();
        }
    }

    /// <summary>Takes a request; its events or its result tell the rest.</summary>
    public void Add(ScheduledSequence sequence)
    {
        lock (_lock)
        {
            if (_stopping)
            {
                sequence.Fail(Unloaded());
                return;
            }
            _waiting.Add(sequence);
        }
        _signal.Set();
    }

    /// <summary>Ends all requests with <see cref="TextEngineErrorKind.Lost"/> after the pass under way, and gives the memory back.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stopping = true;
        }
        _signal.Set();
        _thread.Join();
        _cache.Dispose();
    }

    private static TextEngineException Unloaded() =>
        new(TextEngineErrorKind.Lost, "The model was unloaded while the request was under way: send it again.");

    private void Run()
    {
        while (!_stopping)
        {
            DropCancelled();
            Admit();
            if (_running.Active.Count == 0)
            {
                _signal.WaitOne();
                continue;
            }
            Step();
        }
        End(Unloaded());
    }

    private void DropCancelled()
    {
        lock (_lock)
        {
            _waiting.Remove(sequence => sequence.Cancellation.IsCancellationRequested, Cancel);
        }
        _preempted.RemoveAll(sequence =>
        {
            bool gone = sequence.Cancellation.IsCancellationRequested;
            if (gone)
            {
                Cancel(sequence);
            }
            return gone;
        });
        for (int i = _running.Active.Count - 1; i >= 0; i--)
        {
            ScheduledSequence sequence = _running.Active[i];
            if (sequence.Cancellation.IsCancellationRequested)
            {
                _running.Remove(sequence);
                sequence.Leave();
                Cancel(sequence);
            }
        }
    }

    private static void Cancel(ScheduledSequence sequence) => sequence.Fail(new OperationCanceledException(sequence.Cancellation));

    /// <summary>Fills the batch: first those who had to give way, then those whose turn it is. Nobody overtakes one for whom there is no room yet.</summary>
    private void Admit()
    {
        while (_preempted.Count > 0 && _running.HasRoomFor(_preempted[0]))
        {
            ScheduledSequence back = _preempted[0];
            _preempted.RemoveAt(0);
            _running.Add(back);
        }
        lock (_lock)
        {
            while (_preempted.Count == 0 && _running.Active.Count < _model.Options.MaxSequences
                && _waiting.TryPeek(out ScheduledSequence? next) && _running.HasRoomFor(next))
            {
                _waiting.Take();
                next.Order = _admissions++;
                _running.Add(next);
            }
        }
    }

    private void Preempt(ScheduledSequence sequence)
    {
        Counters.Preemptions++;
        int at = _preempted.FindIndex(other => other.Order > sequence.Order);
        _preempted.Insert(at < 0 ? _preempted.Count : at, sequence);
    }

    private void Step()
    {
        try
        {
            long begin = Stopwatch.GetTimestamp();
            _running.Compose(_batch, _preempt);
            if (_batch.Count == 0)
            {
                return;
            }
            int answered = _rows.Run(_model.Transformer.Forward(_batch, _cache.Pool), _batch.Outputs, _running.Slices);
            Counters.CountStep(answered, _batch.Count);
            Learn(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            EndStep();
        }
        catch (Exception e)
        {
            // The pass is common to all: so is its failure. Their positions hold no sense any more, and nothing of them may stay.
            foreach (ScheduledSequence sequence in _running.Active.ToArray())
            {
                _running.Remove(sequence);
                sequence.Abandon();
                sequence.Fail(e is TextEngineException ? e : new TextEngineException(TextEngineErrorKind.Internal, $"The model failed while it computed ({e.GetType().Name}): {e.Message}", e));
            }
        }
    }

    private void Learn(double milliseconds)
    {
        if (_running.PromptTokens == 0)
        {
            _cost.LearnDecode(_running.DecodeTokens, milliseconds);
        }
        else
        {
            _cost.LearnPrompts(_running.DecodeTokens, _running.PromptTokens, milliseconds);
        }
    }

    private void EndStep()
    {
        foreach (BatchSlice slice in _running.Slices)
        {
            ScheduledSequence sequence = slice.Sequence;
            sequence.EndStep();
            if (sequence.IsDone)
            {
                _running.Remove(sequence);
                sequence.Leave();
            }
            else if (sequence.SharesPrefixes)
            {
                sequence.Cache!.Publish(sequence.Tokens[..sequence.Cache.Length]);
            }
        }
    }

    private void End(Exception reason)
    {
        lock (_lock)
        {
            _waiting.Remove(_ => true, sequence => sequence.Fail(reason));
        }
        foreach (ScheduledSequence sequence in (IEnumerable<ScheduledSequence>)[.. _preempted, .. _running.Active])
        {
            sequence.Abandon();
            sequence.Fail(reason);
        }
    }
}
