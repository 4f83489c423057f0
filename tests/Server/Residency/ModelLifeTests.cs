using LocalLlm.Engine;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Tests.Residency;

/// <summary>Loads that take too long, and engines that end by themselves.</summary>
public sealed class ModelLifeTests
{
    [Fact]
    public async Task LoadThatTakesTooLongIsGivenUp()
    {
        await using RoomUnderTest room = new(memory: 100, options => options with { LoadTimeout = TimeSpan.FromSeconds(90) });
        TaskCompletionSource never = new();
        room.BeforeLoaded = _ => never.Task;
        Task<ModelLease>[] waiting = [room.AcquireAsync("/60-a"), room.AcquireAsync("/60-a")];
        await RoomUnderTest.UntilAsync(() => room.Time.Timers == 1);
        room.Time.Advance(TimeSpan.FromSeconds(90));
        foreach (Task<ModelLease> wait in waiting)
        {
            TextEngineException failure = await Assert.ThrowsAsync<TextEngineException>(() => wait);
            Assert.Equal("loading \"60-a\" took longer than 1m30s and was given up: set OLLAMA_LOAD_TIMEOUT to a longer time", failure.Message);
        }
        room.BeforeLoaded = _ => Task.CompletedTask;
        await room.UseAsync("/60-a");
        Assert.Equal(new ResidencyCounts(1, 1, 0, 0), room.Models.Counts);
    }

    [Fact]
    public async Task LoadThatCannotBeGivenUpHoldsItsMemoryUntilItEndsAndIsUnloadedThen()
    {
        ManualTime time = new();
        TaskCompletionSource<ITextEngine> stubborn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ScriptedEngine late = new();
        await using ResidentModels models = new(
            (model, _, _) => model.Path == "/late" ? stubborn.Task : Task.FromResult<ITextEngine>(new ScriptedEngine()),
            new ResidencyOptions { AvailableBytes = () => 100, ReadPlanner = _ => available => RoomUnderTest.PlanOf(60, 0, available) },
            time);
        Task<ModelLease> first = models.AcquireAsync(RoomUnderTest.Model("/late"), null, default);
        await RoomUnderTest.UntilAsync(() => time.Timers == 1);
        time.Advance(TimeSpan.FromMinutes(5));
        await Assert.ThrowsAsync<TextEngineException>(() => first);
        Task<ModelLease> second = models.AcquireAsync(RoomUnderTest.Model("/next"), null, default);
        await RoomUnderTest.UntilAsync(() => time.Timers == 1); // it waits
        stubborn.SetResult(late);
        (await second).Dispose();
        Assert.True(late.IsDisposed);
    }

    [Fact]
    public async Task EngineThatEndsIsForgottenAtOnceAndTheNextRequestLoadsAnew()
    {
        await using RoomUnderTest room = new(memory: 100);
        ModelLease lease = await room.AcquireAsync("/60-a");
        ScriptedEngine dead = room.Engines["/60-a"];
        dead.End.SetResult();
        Assert.Empty(room.Resident);
        using ModelLease next = await room.AcquireAsync("/60-a"); // at once: what the dead engine held is free
        Assert.NotSame(dead, next.Engine);
        Assert.False(dead.IsDisposed); // its request has yet to learn
        lease.Dispose();
        await RoomUnderTest.UntilAsync(() => dead.IsDisposed);
        Assert.Equal(new ResidencyCounts(2, 0, 0, 1), room.Models.Counts);
    }

    [Fact]
    public async Task IdleEngineThatEndsIsUnloaded()
    {
        await using RoomUnderTest room = new(memory: 100);
        await room.UseAsync("/60-a");
        room.Engines["/60-a"].End.SetResult();
        await RoomUnderTest.UntilAsync(() => room.Engines["/60-a"].IsDisposed);
        Assert.Empty(room.Resident);
    }

    [Fact]
    public async Task LostEngineIsReplacedEvenBeforeItIsSeenToEnd()
    {
        await using RoomUnderTest room = new(memory: 100);
        ITextEngine lost;
        using (ModelLease lease = await room.AcquireAsync("/30-a"))
        {
            lost = lease.Engine;
            lease.ReportLost();
        }
        using ModelLease next = await room.AcquireAsync("/30-a");
        Assert.NotSame(lost, next.Engine);
        Assert.Equal(1, room.Models.Counts.Losses);
    }

    [Fact]
    public async Task OneLoadServesAllThoughTheFirstLeaves()
    {
        await using RoomUnderTest room = new(memory: 100);
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        room.BeforeLoaded = _ => release.Task;
        using CancellationTokenSource leaves = new();
        Task<ModelLease> leaving = room.AcquireAsync("/60-a", leaves.Token);
        await RoomUnderTest.UntilAsync(() => room.Loads.Length == 1);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        release.SetResult();
        await RoomUnderTest.UntilAsync(() => room.Resident.Length == 1); // it was loaded for nobody
        await room.UseAsync("/60-a");
        Assert.Equal(["/60-a"], room.Loads);
    }
}
