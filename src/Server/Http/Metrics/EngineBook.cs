using LocalLlm.Engine;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Http.Metrics;

/// <summary>The engines that are loaded, and what those that ended have counted, by model: no sum goes backwards when a model is unloaded.</summary>
internal sealed class EngineBook
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ITextEngine, Page> _loaded = new(ReferenceEqualityComparer.Instance);
    private readonly SortedDictionary<string, EngineCounters> _ended = new(StringComparer.Ordinal);

    /// <summary>Enters an engine until it ends.</summary>
    public void Add(ServedModel model, ITextEngine engine)
    {
        lock (_lock)
        {
            if (!_loaded.TryAdd(engine, new Page(ServedModels.MainNameOf(model).DisplayName)))
            {
                return;
            }
        }
        engine.Ended.ContinueWith(_ => Remove(engine), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    /// <summary>The name of an engine's model; empty if the engine is not, or no longer, in the book.</summary>
    public string NameOf(ITextEngine engine)
    {
        lock (_lock)
        {
            return _loaded.TryGetValue(engine, out Page? page) ? page.Model : "";
        }
    }

    /// <summary>What the loaded engines do now, by model.</summary>
    public IReadOnlyList<(string Model, EngineStatus Status)> Loaded()
    {
        lock (_lock)
        {
            return [.. _loaded.Select(entry => (entry.Value.Model, entry.Key.Status)).OrderBy(entry => entry.Model, StringComparer.Ordinal)];
        }
    }

    /// <summary>What all engines have counted, by model, those that ended included.</summary>
    public IReadOnlyList<(string Model, EngineCounters Counters)> Totals()
    {
        lock (_lock)
        {
            SortedDictionary<string, EngineCounters> totals = new(_ended, StringComparer.Ordinal);
            foreach ((ITextEngine engine, Page page) in _loaded)
            {
                totals[page.Model] = totals.GetValueOrDefault(page.Model, EngineCounters.Zero).Plus(page.Look(engine));
            }
            return [.. totals.Select(total => (total.Key, total.Value))];
        }
    }

    private void Remove(ITextEngine engine)
    {
        lock (_lock)
        {
            if (_loaded.Remove(engine, out Page? page))
            {
                _ended[page.Model] = _ended.GetValueOrDefault(page.Model, EngineCounters.Zero).Plus(page.Look(engine));
            }
        }
    }

    private sealed class Page(string model)
    {
        private EngineCounters _seen = EngineCounters.Zero;

        public string Model => model;

        /// <summary>The engine's counts, never less than before: one whose process is gone may know no more.</summary>
        public EngineCounters Look(ITextEngine engine) => _seen = _seen.AtLeast(new EngineCounters(engine.Status));
    }
}
