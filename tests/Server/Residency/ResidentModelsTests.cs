using LocalLlm.Engine;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Tests.Residency;

public sealed class ResidentModelsTests
{
    private static readonly ServedModel s_model = new() { Names = ["a"], Path = "/models/a.gguf" };

    private readonly ManualTime _time = new();
    private readonly List<ScriptedEngine> _loaded = [];

    [Fact]
    public async Task ModelStaysForItsKeepAliveTimeAfterTheLastUse()
    {
        await using ResidentModels resident = Resident();
        (await AcquireAsync(resident)).Dispose();
        Assert.Equal(_time.GetUtcNow().AddMinutes(5), Assert.Single(resident.List()).ExpiresAt);
        _time.Advance(TimeSpan.FromMinutes(4));
        (await AcquireAsync(resident)).Dispose(); // starts the time anew
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.Single(resident.List());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Empty(resident.List());
        await DisposedAsync(_loaded[0]);
        (await AcquireAsync(resident)).Dispose();
        Assert.Equal(2, _loaded.Count);
    }

    [Fact]
    public async Task ModelInUseDoesNotExpire()
    {
        await using ResidentModels resident = Resident();
        using ModelLease lease = await AcquireAsync(resident, KeepAlive.None);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Single(resident.List());
        Assert.False(_loaded[0].IsDisposed);
    }

    [Fact]
    public async Task RequestsCarryTheirOwnTime()
    {
        await using ResidentModels resident = Resident();
        (await AcquireAsync(resident, KeepAlive.Forever)).Dispose();
        Assert.Null(Assert.Single(resident.List()).ExpiresAt);
        (await AcquireAsync(resident)).Dispose(); // carries none: the model's stays
        _time.Advance(TimeSpan.FromDays(1000));
        Assert.Single(resident.List());
        (await AcquireAsync(resident, KeepAlive.For(TimeSpan.FromSeconds(1)))).Dispose();
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(resident.List());
        (await AcquireAsync(resident, KeepAlive.None)).Dispose();
        Assert.Empty(resident.List());
        await DisposedAsync(_loaded[1]);
    }

    [Fact]
    public async Task UnloadWaitsForRequests()
    {
        await using ResidentModels resident = Resident();
        ModelLease lease = await AcquireAsync(resident);
        resident.Unload(s_model);
        Assert.Equal(_time.GetUtcNow(), Assert.Single(resident.List()).ExpiresAt);
        Assert.False(_loaded[0].IsDisposed);
        lease.Dispose();
        Assert.Empty(resident.List());
        await DisposedAsync(_loaded[0]);
    }

    [Fact]
    public async Task OneLoadIsSharedByAllWhoWaitAndOutlivesThem()
    {
        TaskCompletionSource<ITextEngine> load = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int loads = 0;
        await using ResidentModels resident = new((_, _, _) => { loads++; return load.Task; }, new ResidencyOptions { KeepAlive = KeepAlive.Forever }, _time);
        using CancellationTokenSource leaves = new();
        Task<ModelLease> leaving = resident.AcquireAsync(s_model, null, leaves.Token);
        Task<ModelLease>[] staying = [.. Enumerable.Range(0, 8).Select(_ => resident.AcquireAsync(s_model with { Names = ["b"] }, null, default))];
        leaves.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        load.SetResult(new ScriptedEngine());
        ModelLease[] leases = await Task.WhenAll(staying);
        Assert.Equal(1, loads);
        Assert.Single(leases.Select(lease => lease.Engine).Distinct());
    }

    [Fact]
    public async Task FailedLoadIsToldToAllAndTriedAgain()
    {
        TaskCompletionSource<ITextEngine> load = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int loads = 0;
        await using ResidentModels resident = new(
            (_, _, _) => ++loads == 1 ? load.Task : Task.FromResult<ITextEngine>(new ScriptedEngine()), new ResidencyOptions { KeepAlive = KeepAlive.Forever }, _time);
        Task<ModelLease>[] waiting = [.. Enumerable.Range(0, 3).Select(_ => resident.AcquireAsync(s_model, null, default))];
        load.SetException(new TextEngineException(TextEngineErrorKind.InvalidModel, "broken"));
        foreach (Task<ModelLease> wait in waiting)
        {
            Assert.Equal("broken", (await Assert.ThrowsAsync<TextEngineException>(() => wait)).Message);
        }
        using ModelLease lease = await AcquireAsync(resident);
        Assert.Equal(2, loads);
    }

    [Fact]
    public async Task DisposeUnloadsEverything()
    {
        ResidentModels resident = Resident();
        ModelLease lease = await AcquireAsync(resident);
        (await resident.AcquireAsync(s_model with { Path = "/models/b.gguf" }, null, default)).Dispose();
        await resident.DisposeAsync();
        Assert.All(_loaded, engine => Assert.True(engine.IsDisposed));
        lease.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => AcquireAsync(resident));
    }

    private ResidentModels Resident() => new(
        (_, _, _) =>
        {
            ScriptedEngine engine = new();
            _loaded.Add(engine);
            return Task.FromResult<ITextEngine>(engine);
        },
        new ResidencyOptions(),
        _time);

    private static Task<ModelLease> AcquireAsync(ResidentModels resident, KeepAlive? keepAlive = null) =>
        resident.AcquireAsync(s_model, keepAlive, default);

    /// <summary>Unloading happens aside; a model that never goes makes the test hang.</summary>
    private static async Task DisposedAsync(ScriptedEngine engine)
    {
        while (!engine.IsDisposed)
        {
            await Task.Yield();
        }
    }
}
