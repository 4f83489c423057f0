namespace LocalLlm.Server.Residency;

/// <summary>
/// Bounds what waits. Of the requests for a model, as many as its batch holds run, the others wait, whether for the batch or for the model to be loaded; a
/// request that would have to wait while so many wait already, over all models, is turned away.
/// </summary>
/// <param name="parallel">Requests of one model that run at once.</param>
/// <param name="maxWaiting">Requests that may wait, over all models.</param>
public sealed class AdmissionQueue(int parallel, int maxWaiting)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _inFlight = [];

    /// <summary>Requests that were let in and have not ended.</summary>
    public int InFlight
    {
        get
        {
            lock (_lock)
            {
                return _inFlight.Values.Sum();
            }
        }
    }

    /// <summary>How many of them wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return CountWaiting();
            }
        }
    }

    /// <summary>Lets a request in until it gives its place back.</summary>
    /// <param name="model">What it asks.</param>
    /// <returns>Its place, to be disposed at the end; null if it is turned away.</returns>
    public IDisposable? TryEnter(ServedModel model)
    {
        lock (_lock)
        {
            int before = _inFlight.GetValueOrDefault(model.LoadKey);
            if (before >= parallel && CountWaiting() >= maxWaiting)
            {
                return null;
            }
            _inFlight[model.LoadKey] = before + 1;
            return new Place(this, model.LoadKey);
        }
    }

    private int CountWaiting() => _inFlight.Values.Sum(count => Math.Max(0, count - parallel));

    private void Leave(string path)
    {
        lock (_lock)
        {
            if (--_inFlight[path] == 0)
            {
                _inFlight.Remove(path);
            }
        }
    }

    private sealed class Place(AdmissionQueue queue, string path) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                queue.Leave(path);
            }
        }
    }
}
