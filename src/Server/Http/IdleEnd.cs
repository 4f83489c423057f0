namespace LocalLlm.Server.Http;

/// <summary>
/// The end of a server that nobody uses: for some time no request came, and no model is in memory or being loaded. A model that was asked to stay longer keeps
/// the server for as long. From the moment of the decision on, requests are refused, so that none is begun and then cut off.
/// </summary>
internal sealed class IdleEnd : IDisposable
{
    private readonly TimeSpan _time;
    private readonly TimeSpan _recheck;
    private readonly Func<bool> _holdsModels;
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _clock;
    private ITimer? _timer;
    private int _requests;
    private bool _closed;

    /// <summary>Begins to wait.</summary>
    /// <param name="time">How long nothing must happen.</param>
    /// <param name="holdsModels">Whether any model is in memory or on its way there.</param>
    /// <param name="clock">The clock.</param>
    public IdleEnd(TimeSpan time, Func<bool> holdsModels, TimeProvider clock)
    {
        (_time, _holdsModels, _clock) = (time, holdsModels, clock);
        _recheck = time < TimeSpan.FromSeconds(10) ? time : TimeSpan.FromSeconds(10);
        Wait(_time);
    }

    /// <summary>Completes when the server shall end.</summary>
    public Task Reached => _reached.Task;

    /// <summary>Counts requests as they come and go.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (!TryEnter())
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.Connection = "close";
            await context.Response.WriteAsync("""{"error":"the server was not used for a while and ends now: ask again"}""");
            return;
        }
        try
        {
            await next(context);
        }
        finally
        {
            Leave();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            _timer?.Dispose();
        }
    }

    private bool TryEnter()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return false;
            }
            _requests++;
            _timer?.Dispose();
            _timer = null;
            return true;
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_requests == 0 && !_closed)
            {
                Wait(_time);
            }
        }
    }

    private void Wait(TimeSpan time) => _timer = _clock.CreateTimer(_ => Check(), null, time, Timeout.InfiniteTimeSpan);

    private void Check()
    {
        lock (_lock)
        {
            // A request may have come between the timer and the lock.
            if (_closed || _requests > 0)
            {
                return;
            }
            _timer?.Dispose();
            if (_holdsModels())
            {
                Wait(_recheck);
                return;
            }
            _closed = true;
        }
        _reached.TrySetResult();
    }
}
