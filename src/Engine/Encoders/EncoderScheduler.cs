using LocalLlm.Engine.Scheduling;

namespace LocalLlm.Engine.Encoders;

/// <summary>Serves all requests of an encoder together: pass after pass, each as full as what waits can make it, on a thread of its own.</summary>
internal sealed class EncoderScheduler : IDisposable
{
    // Tokens of a request that are ready for passes: enough to choose texts of like length from, and 64 kB, unless passes themselves are large.
    private const int TokensAhead = 1 << 14;
    private const int PassesAhead = 4;

    private readonly EncoderModel _model;
    private readonly EncoderBatch _batch;
    private readonly SchedulerCounters _counters = new();
    private readonly Lock _lock = new();
    private readonly LinkedList<EncoderRequest> _line = new();   // guarded by _lock
    private readonly AutoResetEvent _signal = new(false);
    private readonly Action _ready;
    private readonly Thread _thread;
    private volatile bool _stopping;
    private volatile int _active;

    /// <summary>Starts serving.</summary>
    /// <param name="model">The model; nobody else computes with it from now on.</param>
    public EncoderScheduler(EncoderModel model)
    {
        _model = model;
        _batch = new EncoderBatch(model.TokenBudget, model.Config.ContextLength);
        _ready = () => _signal.Set();
        _thread = new Thread(Run) { IsBackground = true, Name = "encoder" };
        _thread.Start();
    }

    /// <summary>What goes on. Sequences are texts under way, and requests that have texts left.</summary>
    public EngineStatus Status => new()
    {
        ActiveSequences = _active,
        WaitingSequences = _line.Count,
        Steps = _counters.Steps,
        StepTokens = _counters.StepTokens,
        StepsByTokens = _counters.StepsBySequences,
        PromptTokens = _counters.Prompt,
    };

    /// <summary>Takes a request; its task tells the rest.</summary>
    /// <exception cref="TextEngineException">Its first text is wrong.</exception>
    public void Add(EncoderRequest request)
    {
        // What the next pass can take is ready before it: one text or a few never wait for another thread.
        request.Read(_model.TokenBudget);
        lock (_lock)
        {
            if (_stopping)
            {
                request.Fail(Unloaded());
                return;
            }
            _line.AddLast(request);
        }
        _signal.Set();
    }

    /// <summary>Ends a request that nobody waits for any more: no later pass takes a text of it. One that has its results keeps them.</summary>
    public void Remove(EncoderRequest request)
    {
        lock (_lock)
        {
            request.Cancel();
            _line.Remove(request);
        }
    }

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
            foreach (EncoderRequest request in _line)
            {
                request.Fail(Unloaded());
            }
            _line.Clear();
        }
    }

    private void Fill()
    {
        lock (_lock)
        {
            _batch.Fill(_line);
            foreach (EncoderRequest request in _line)
            {
                request.ReadBehind(Math.Max(TokensAhead, _model.TokenBudget * PassesAhead), _ready);
            }
        }
        _active = _batch.Texts.Count;
    }

    private void Step()
    {
        try
        {
            _model.Embed(_batch.Tokens, _batch.Lengths, (place, pooled) =>
            {
                EncoderText text = _batch.Texts[place];
                text.Request.Complete(text.Index, pooled);
            });
            _counters.Prompt += _batch.Tokens.Length;
            _counters.CountStep(_batch.Texts.Count, _batch.Tokens.Length);
        }
        catch (Exception e)
        {
            // The pass is common to all: so is its failure.
            foreach (EncoderText text in _batch.Texts)
            {
                text.Request.Fail(new TextEngineException(TextEngineErrorKind.Internal, $"The model failed while it computed ({e.GetType().Name}): {e.Message}", e));
            }
        }
        _active = 0;
    }
}
