using System.Collections.Concurrent;
using LocalLlm.Engine;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Tests.Residency;

/// <summary>Resident models on a machine with a fixed amount of memory, whose models weigh what their path says: "/60" takes 60 bytes.</summary>
internal sealed class RoomUnderTest : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _loads = [];

    public RoomUnderTest(long memory, Func<ResidencyOptions, ResidencyOptions>? configure = null)
    {
        ResidencyOptions options = new()
        {
            AvailableBytes = () => memory,
            ReadPlanner = model => available => PlanOf(WeightOf(model), cache: 0, available),
        };
        Models = new ResidentModels(LoadAsync, configure?.Invoke(options) ?? options, Time);
    }

    public ManualTime Time { get; } = new();

    public ResidentModels Models { get; }

    /// <summary>Paths in the order in which they were loaded.</summary>
    public string[] Loads => [.. _loads];

    public ConcurrentDictionary<string, ScriptedEngine> Engines { get; } = [];

    /// <summary>Awaited in each load.</summary>
    public Func<string, Task> BeforeLoaded { get; set; } = _ => Task.CompletedTask;

    /// <summary>Cache bytes granted in the last load.</summary>
    public long? Granted { get; private set; }

    public string[] Resident => [.. Models.List().Select(model => model.Model.Path).Order()];

    public static MemoryPlan PlanOf(long weights, long cache, long available) => new()
    {
        WeightBytes = weights,
        BufferBytes = 0,
        BytesPerPosition = 0,
        CacheBytes = cache,
        ContextLength = 1,
        MaxContextLength = 1,
        TrainedContextLength = 1,
        AvailableBytes = available,
    };

    public static ServedModel Model(string path) => new() { Names = [path[1..]], Path = path };

    public Task<ModelLease> AcquireAsync(string path, CancellationToken cancellationToken = default) =>
        Models.AcquireAsync(Model(path), KeepAlive.Forever, cancellationToken);

    /// <summary>Uses a model once.</summary>
    public async Task UseAsync(string path)
    {
        (await AcquireAsync(path)).Dispose();
        Time.Advance(TimeSpan.FromSeconds(1)); // so that uses have an order
    }

    /// <summary>Waits for what happens aside; what never does makes the test hang.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(1);
        }
    }

    public ValueTask DisposeAsync() => Models.DisposeAsync();

    private async Task<ITextEngine> LoadAsync(ServedModel model, long? cacheBytes, CancellationToken cancellationToken)
    {
        Granted = cacheBytes;
        _loads.Enqueue(model.Path);
        await BeforeLoaded(model.Path).WaitAsync(cancellationToken);
        return Engines[model.Path] = new ScriptedEngine();
    }

    private static long WeightOf(ServedModel model) => long.Parse(model.Path[1..].Split('-')[0]);
}
