using LocalLlm.Engine.Scheduling;

namespace LocalLlm.Engine.Encoders;

/// <summary>Serves all requests of an encoder together: pass after pass, each as full as what waits can make it, on a thread of its own.</summary>
internal sealed class EncoderScheduler : IDisposable
{
    private readonly EncoderModel _model;
    private readonly EncoderBatch _batch;
    private readonly SchedulerCounters _counters = new();
    private readonly Lock _lock = new();
    private readonly LinkedList<EncoderRequest> _waiting = new();   // guarded by _lock
    private readonly AutoResetEvent _signal = new(false);
    private readonly Thread _thread;
    private volatile bool _stopping;
    private volatile int _active;

    /// <summary>Starts serving.</summary>
    /// <param name="model">The model; nobody else computes with it from now on.</param>
    public EncoderScheduler(EncoderModel model)
    {
        _model = model;
        _batch = new EncoderBatch(model.Transformer.BatchCapacity);
        _thread = new Thread(Run) { IsBackground = true, Name = "encoder" };
        _thread.Start();
    }

    /// <summary>What goes on. Sequences are texts under way, and requests that have texts left.</summary>
    public EngineStatus Status => new()
    {
        ActiveSequences = _active,
        WaitingSequences = _waiting.Count,
        Steps = _counters.Steps,
        StepTokens = _counters.StepTokens,
        StepsByTokens = _counters.StepsBySequences,
        PromptTokens = _counters.Prompt,
    };

    /// <summary>Takes a request; its task tells the rest.</summary>
    public void Add(EncoderRequest request)
    {
        lock (_lock)
        {
            if (_stopping)
            {
                request.Fail(Unloaded());
                return;
            }
            _waiting.AddLast(request);
        }
        _signal.Set();
    }

    /// <summary>Looks for requests that nobody waits for any more.</summary>
    public void Wake() => _signal.Set();

    /// <summary>Ends all requests with <see cref="TextEngineErrorKind.Lost"/> after the pass under way.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stopping = true;
        }
        _signal.Set();
        _thread.Join();
    }

    private static TextEngineException Unloaded() =>
        new(TextEngineErrorKind.Lost, "The model was unloaded while the request was under way: send it again.");

    private void Run()
    {
        while (!_stopping)
        {
            Fill();
            if (_batch.Texts.Count == 0)
            {
                _signal.WaitOne();
                continue;
            }
            Step();
        }
        lock (_lock)
        {
            foreach (EncoderRequest request in _waiting)
            {
                request.Fail(Unloaded());
            }
            _waiting.Clear();
        }
    }

    private void Fill()
    {
        lock (_lock)
        {
            for (LinkedListNode<EncoderRequest>? at = _waiting.First, next; at is not null; at = next)
            {
                next = at.Next;
                if (at.Value.Cancellation.IsCancellationRequested)
                {
                    at.Value.Cancel();
                    _waiting.Remove(at);
                }
            }
            _batch.Fill(_waiting);
        }
        _active = _batch.Texts.Count;
    }

    private void Step()
    {
        try
        {
            _model.Embed(_batch.Tokens, _batch.Lengths, (text, pooled) =>
            {
                (EncoderRequest request, int index) = _batch.Texts[text];
                request.Complete(index, pooled);
            });
            _counters.Prompt += _batch.Tokens.Length;
            _counters.CountStep(_batch.Texts.Count, _batch.Tokens.Length);
        }
        catch (Exception e)
        {
            // The pass is common to all: so is its failure.
            foreach ((EncoderRequest request, _) in _batch.Texts)
            {
                request.Fail(new TextEngineException(TextEngineErrorKind.Internal, $"The model failed while it computed ({e.GetType().Name}): {e.Message}", e));
            }
        }
        _active = 0;
    }
}
