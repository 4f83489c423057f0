using LocalLlm.Engine;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Tests.Residency;

/// <summary>Which model comes into memory, and which makes way for it.</summary>
public sealed class ModelRoomTests
{
    private static readonly TimeSpan s_patience = new ResidencyOptions().Patience;

    [Fact]
    public async Task ModelsStayWhileThereIsMemory()
    {
        await using RoomUnderTest room = new(memory: 100);
        foreach (string path in new[] { "/60", "/30", "/10" })
        {
            await room.UseAsync(path);
        }
        Assert.Equal(["/10", "/30", "/60"], room.Resident);
        Assert.Equal(new ResidencyCounts(3, 0, 0, 0), room.Models.Counts);
    }

    [Fact]
    public async Task IdleModelsMakeWayTheLeastRecentlyUsedFirstAndNoMoreThanMust()
    {
        await using RoomUnderTest room = new(memory: 100);
        foreach (string path in new[] { "/40-a", "/30-b", "/30-c", "/40-a" })
        {
            await room.UseAsync(path);
        }
        await room.UseAsync("/20");
        Assert.Equal(["/20", "/30-c", "/40-a"], room.Resident);
        Assert.True(room.Engines["/30-b"].IsDisposed);
        await room.UseAsync("/60");
        Assert.Equal(["/20", "/60"], room.Resident);
        Assert.Equal(3, room.Models.Counts.Evictions);
    }

    [Fact]
    public async Task WhatWouldNotFitAloneIsRefusedWithTheNumbersAndEvictsNobody()
    {
        await using RoomUnderTest room = new(memory: 5L << 30);
        await room.UseAsync($"/{1L << 30}");
        TextEngineException refusal = await Assert.ThrowsAsync<TextEngineException>(() => room.UseAsync($"/{6L << 30}"));
        Assert.Equal(TextEngineErrorKind.InsufficientMemory, refusal.Kind);
        Assert.StartsWith("model requires more system memory (6.00 GiB: weights 6.00, ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("than is available (5.00 GiB)", refusal.Message, StringComparison.Ordinal);
        Assert.Equal([$"/{1L << 30}"], room.Resident);
        Assert.Equal(new ResidencyCounts(1, 1, 0, 0), room.Models.Counts);
    }

    [Fact]
    public async Task NewcomerWaitsForABusyModelWhoseRequestsGoOn()
    {
        await using RoomUnderTest room = new(memory: 100);
        ModelLease first = await room.AcquireAsync("/60-a");
        Task<ModelLease> newcomer = room.AcquireAsync("/60-b");
        await RoomUnderTest.UntilAsync(() => room.Time.Timers == 1);
        using (ModelLease second = await room.AcquireAsync("/60-a"))
        {
            Assert.Same(first.Engine, second.Engine);
            first.Dispose();
            Assert.False(newcomer.IsCompleted);
        }
        using ModelLease lease = await newcomer;
        Assert.Equal(["/60-b"], room.Resident);
    }

    [Fact]
    public async Task NewcomerIsNotKeptOutForEverByAModelThatIsAlwaysBusy()
    {
        await using RoomUnderTest room = new(memory: 100);
        ModelLease running = await room.AcquireAsync("/60-a");
        Task<ModelLease> newcomer = room.AcquireAsync("/60-b");
        await RoomUnderTest.UntilAsync(() => room.Time.Timers == 1);
        ModelLease within = await room.AcquireAsync("/60-a"); // the newcomer is patient
        room.Time.Advance(s_patience);
        Task<ModelLease> behind = room.AcquireAsync("/60-a"); // it is not any more
        running.Dispose();
        Assert.False(newcomer.IsCompleted); // what runs is not cut off
        within.Dispose();
        ModelLease lease = await newcomer;
        Assert.False(behind.IsCompleted);
        lease.Dispose();
        (await behind).Dispose();
        Assert.Equal(["/60-a", "/60-b", "/60-a"], room.Loads);
    }

    [Fact]
    public async Task ModelThatFitsPassesOneThatWaitsUntilThatLosesPatience()
    {
        await using RoomUnderTest room = new(memory: 100);
        ModelLease busy = await room.AcquireAsync("/60-a");
        Task<ModelLease> large = room.AcquireAsync("/60-b");
        await RoomUnderTest.UntilAsync(() => room.Time.Timers == 1);
        ModelLease small = await room.AcquireAsync("/20");
        room.Time.Advance(s_patience);
        Task<ModelLease> late = room.AcquireAsync("/10");
        Task<ModelLease> loaded = room.AcquireAsync("/20");
        (await loaded).Dispose(); // loaded models answer all the time
        small.Dispose();
        await Task.Delay(20); // its file is read aside
        Assert.Equal(["/60-a", "/20"], room.Loads);
        busy.Dispose();
        (await large).Dispose();
        (await late).Dispose();
    }

    [Fact]
    public async Task NumberOfModelsIsBounded()
    {
        await using RoomUnderTest room = new(memory: 100, options => options with { MaxLoadedModels = 2 });
        foreach (string path in new[] { "/1", "/2", "/1", "/3" })
        {
            await room.UseAsync(path);
        }
        Assert.Equal(["/1", "/3"], room.Resident);
        using ModelLease one = await room.AcquireAsync("/1");
        using ModelLease three = await room.AcquireAsync("/3");
        Task<ModelLease> waits = room.AcquireAsync("/2");
        await RoomUnderTest.UntilAsync(() => room.Time.Timers == 1);
        three.Dispose();
        (await waits).Dispose();
        Assert.Equal(["/1", "/2"], room.Resident);
    }

    [Fact]
    public async Task NewcomersComeInInTheirOrder()
    {
        await using RoomUnderTest room = new(memory: 100, options => options with { MaxLoadedModels = 1 });
        ModelLease busy = await room.AcquireAsync("/1");
        List<Task<ModelLease>> waiting = [];
        foreach (string path in new[] { "/4", "/2", "/3" })
        {
            waiting.Add(room.AcquireAsync(path));
            await Task.Delay(20); // their files are read aside
        }
        busy.Dispose();
        foreach (Task<ModelLease> wait in waiting)
        {
            (await wait).Dispose();
        }
        Assert.Equal(["/1", "/4", "/2", "/3"], room.Loads);
    }

    [Fact]
    public async Task WhatALoadWasGrantedIsNotGrantedTwice()
    {
        await using RoomUnderTest room = new(memory: 100);
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        room.BeforeLoaded = _ => release.Task;
        Task<ModelLease> first = room.AcquireAsync("/60-a");
        await RoomUnderTest.UntilAsync(() => room.Loads.Length == 1);
        Task<ModelLease> second = room.AcquireAsync("/60-b");
        await RoomUnderTest.UntilAsync(() => room.Time.Timers == 2); // the first's timeout, the second's patience
        release.SetResult();
        (await first).Dispose();
        (await second).Dispose();
        Assert.Equal(["/60-b"], room.Resident);
    }

    [Fact]
    public async Task UntouchedCacheOfAnotherModelIsNotFree()
    {
        // 100 bytes: the first takes 20 of weights and may fill 50 of cache, of which 30 have been touched, so that the system calls 70 free.
        long free = 100;
        await using RoomUnderTest room = new(0, options => options with
        {
            AvailableBytes = () => free,
            ReadPlanner = model => available => RoomUnderTest.PlanOf(20, model.Path == "/first" ? 50 : 25, available),
        });
        ModelLease first = await room.AcquireAsync("/first");
        Assert.Equal(50, room.Granted);
        free = 70;
        room.Engines["/first"].Status = new EngineStatus { KvBlocksInUse = 2, KvBlocksCached = 1, KvBytesPerBlock = 10 };
        Task<ModelLease> second = room.AcquireAsync("/second"); // 45 of the 70 - 20 - 20 that are left
        await RoomUnderTest.UntilAsync(() => room.Time.Timers == 1);
        first.Dispose();
        (await second).Dispose();
        Assert.Equal(["/second"], room.Resident);
    }

    [Fact]
    public async Task ModelThatNobodyWaitsForAnyMoreEvictsNobody()
    {
        await using RoomUnderTest room = new(memory: 100);
        ModelLease busy = await room.AcquireAsync("/60-a");
        using CancellationTokenSource leaves = new();
        Task<ModelLease> newcomer = room.AcquireAsync("/60-b", leaves.Token);
        await RoomUnderTest.UntilAsync(() => room.Time.Timers == 1);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => newcomer);
        busy.Dispose();
        Assert.Equal(["/60-a"], room.Resident);
        Assert.Equal(0, room.Time.Timers);
        await room.UseAsync("/60-b");
        Assert.Equal(["/60-a", "/60-b"], room.Loads);
    }

    [Fact]
    public async Task DisposingEndsTheWait()
    {
        RoomUnderTest room = new(memory: 100);
        using ModelLease busy = await room.AcquireAsync("/60-a");
        Task<ModelLease> newcomer = room.AcquireAsync("/60-b");
        await RoomUnderTest.UntilAsync(() => room.Time.Timers == 1);
        await room.DisposeAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => newcomer);
    }
}
