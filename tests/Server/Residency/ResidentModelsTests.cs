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
        await using ResidentModels resident = new((_, _, _) => { loads++; return load.Task; }, KeepAlive.Forever, _time);
        using CancellationTokenSource leaves = new();
        Task<ModelLease> leaving = resident.AcquireAsync(s_model, null, null, leaves.Token);
        Task<ModelLease>[] staying = [.. Enumerable.Range(0, 8).Select(_ => resident.AcquireAsync(s_model with { Names = ["b"] }, null, null, default))];
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
            (_, _, _) => ++loads == 1 ? load.Task : Task.FromResult<ITextEngine>(new ScriptedEngine()), KeepAlive.Forever, _time);
        Task<ModelLease>[] waiting = [.. Enumerable.Range(0, 3).Select(_ => resident.AcquireAsync(s_model, null, null, default))];
        load.SetException(new TextEngineException(TextEngineErrorKind.InvalidModel, "broken"));
        foreach (Task<ModelLease> wait in waiting)
        {
            Assert.Equal("broken", (await Assert.ThrowsAsync<TextEngineException>(() => wait)).Message);
        }
        using ModelLease lease = await AcquireAsync(resident);
        Assert.Equal(2, loads);
    }

    [Fact]
    public async Task LargerContextReplacesTheModelButEndsNoRequest()
    {
        await using ResidentModels resident = Resident();
        ModelLease small = await resident.AcquireAsync(s_model, null, null, default);
        using ModelLease large = await resident.AcquireAsync(s_model, 8000, null, default);
        Assert.NotSame(small.Engine, large.Engine);
        Assert.False(_loaded[0].IsDisposed);
        Assert.Same(large.Engine, Assert.Single(await Task.WhenAll(resident.AcquireAsync(s_model, 5000, null, default))).Engine);
        small.Dispose();
        await DisposedAsync(_loaded[0]);
    }

    [Fact]
    public async Task MoreContextThanTheModelWasTrainedForDoesNotReplaceIt()
    {
        await using ResidentModels resident = Resident();
        using ModelLease first = await resident.AcquireAsync(s_model, 8192, null, default);
        using ModelLease second = await resident.AcquireAsync(s_model, 1_000_000, null, default);
        Assert.Same(first.Engine, second.Engine);
    }

    [Fact]
    public async Task RequestThatNeedsMoreThanTheLoadUnderWayLoadsAnew()
    {
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        List<int?> loads = [];
        await using ResidentModels resident = new(
            async (_, positions, _) =>
            {
                loads.Add(positions);
                await release.Task;
                return new ScriptedEngine { Description = new ScriptedEngine().Description with { ContextLength = positions ?? 4096 } };
            },
            KeepAlive.Forever,
            _time);
        Task<ModelLease> small = resident.AcquireAsync(s_model, null, null, default);
        Task<ModelLease> large = resident.AcquireAsync(s_model, 8000, null, default);
        release.SetResult();
        Assert.Equal(8000, (await large).Engine.Description.ContextLength);
        await small;
        Assert.Equal([null, 8000], loads);
    }

    [Fact]
    public async Task DisposeUnloadsEverything()
    {
        ResidentModels resident = Resident();
        ModelLease lease = await AcquireAsync(resident);
        (await resident.AcquireAsync(s_model with { Path = "/models/b.gguf" }, null, null, default)).Dispose();
        await resident.DisposeAsync();
        Assert.All(_loaded, engine => Assert.True(engine.IsDisposed));
        lease.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => AcquireAsync(resident));
    }

    private ResidentModels Resident() => new(
        (_, positions, _) =>
        {
            ScriptedEngine engine = new() { Description = new ScriptedEngine().Description with { ContextLength = Math.Min(positions ?? 4096, 8192) } };
            _loaded.Add(engine);
            return Task.FromResult<ITextEngine>(engine);
        },
        KeepAlive.For(TimeSpan.FromMinutes(5)),
        _time);

    private static Task<ModelLease> AcquireAsync(ResidentModels resident, KeepAlive? keepAlive = null) =>
        resident.AcquireAsync(s_model, null, keepAlive, default);

    /// <summary>Unloading happens aside; a model that never goes makes the test hang.</summary>
    private static async Task DisposedAsync(ScriptedEngine engine)
    {
        while (!engine.IsDisposed)
        {
            await Task.Yield();
        }
    }
}
