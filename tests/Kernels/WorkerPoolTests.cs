namespace LocalLlm.Kernels.Tests;

public class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void EveryIndexComesExactlyOnce(int threads)
    {
        using WorkerPool pool = new(threads);
        foreach (int count in new[] { 0, 1, 2, 3, 7, 64, 1000, 4097 })
        {
            foreach (int grain in new[] { 1, 3, 64, 5000 })
            {
                CountJob job = new() { Hits = new int[count], Workers = new int[threads], Grain = grain };
                pool.For(ref job, count, grain);
                Assert.All(job.Hits, hits => Assert.Equal(1, hits));
                Assert.Equal(count, job.Workers.Sum());
            }
        }
    }

    [Fact]
    public void ManyTinyLoopsLoseNothing()
    {
        using WorkerPool pool = new(3);
        SumJob job = default;
        for (int i = 0; i < 20_000; i++)
        {
            pool.For(ref job, 3, 1);
        }
        // What jobs write into themselves comes back to the caller.
        Assert.Equal(20_000 * (0 + 1 + 2), job.Sum);
        Assert.Equal(20_000 * 3, job.Calls);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    public void ParkedWorkersWakeUp(int threads)
    {
        using WorkerPool pool = new(threads);
        for (int i = 0; i < 20; i++)
        {
            Thread.Sleep(i % 2 == 0 ? 10 : 1); // parked, or on the way there
            // Returns only if all threads are in the loop at the same time.
            using Barrier barrier = new(threads);
            BarrierJob job = new() { Barrier = barrier };
            pool.For(ref job, threads, 1);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ALoopAllocatesNothing(int threads)
    {
        using WorkerPool pool = new(threads);
        SumJob job = default;
        for (int i = 0; i < 100; i++)
        {
            pool.For(ref job, 100, 1);
        }
        // A collection that a test beside this one causes takes the rest of this thread's allocation buffer, and the counter counts it. A loop that
        // allocates shows in every round.
        long least = long.MaxValue;
        for (int round = 0; round < 10; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
            {
                pool.For(ref job, 100, 1);
            }
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(0, least);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void AnExceptionReachesTheCallerAndThePoolGoesOn(int threads)
    {
        using WorkerPool pool = new(threads);
        for (int bad = 0; bad < 50; bad++)
        {
            ThrowJob failing = new() { Bad = bad };
            Assert.Equal($"index {bad}", Assert.Throws<InvalidDataException>(() => pool.For(ref failing, 50, 1)).Message);

            CountJob job = new() { Hits = new int[50], Workers = new int[threads], Grain = 1 };
            pool.For(ref job, 50, 1);
            Assert.All(job.Hits, hits => Assert.Equal(1, hits));
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 100)]
    [InlineData(3, 1)]
    [InlineData(3, 100)]
    public void ALoopInsideALoopIsRefused(int threads, int grain)
    {
        using WorkerPool pool = new(threads);
        NestedJob job = new() { Pool = pool };
        Assert.Contains("one loop at a time", Assert.Throws<InvalidOperationException>(() => pool.For(ref job, 10, grain)).Message);
        SumJob next = default;
        pool.For(ref next, 10, 1);
        Assert.Equal(45, next.Sum);
    }

    [Fact]
    public void ADisposedPoolRefusesWorkAndDisposesOnce()
    {
        WorkerPool pool = new(3);
        pool.Dispose();
        pool.Dispose();
        SumJob job = default;
        Assert.Throws<ObjectDisposedException>(() => pool.For(ref job, 10, 1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ALoopUnderWayIsFinishedWhenThePoolIsDisposed(int threads)
    {
        WorkerPool pool = new(threads);
        DisposeJob job = new() { Pool = pool };
        pool.For(ref job, 100, 1);
        Assert.Equal(100, job.Calls);
    }

    [Fact]
    public void WrongArgumentsAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerPool(0));
        using WorkerPool pool = new(1);
        SumJob job = default;
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.For(ref job, -1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.For(ref job, 1, 0));
    }

    private struct CountJob : IParallelJob
    {
        public int[] Hits;
        public int[] Workers;
        public int Grain;

        public readonly void Run(int begin, int end, int worker)
        {
            Assert.True(begin < end);
            Assert.True(end - begin <= Grain || Workers.Length == 1);
            for (int i = begin; i < end; i++)
            {
                Interlocked.Increment(ref Hits[i]);
            }
            Interlocked.Add(ref Workers[worker], end - begin);
        }
    }

    private struct SumJob : IParallelJob
    {
        public long Sum;
        public long Calls;

        public void Run(int begin, int end, int worker)
        {
            for (int i = begin; i < end; i++)
            {
                Interlocked.Add(ref Sum, i);
                Interlocked.Increment(ref Calls);
            }
        }
    }

    private struct BarrierJob : IParallelJob
    {
        public Barrier Barrier;

        public readonly void Run(int begin, int end, int worker) => Barrier.SignalAndWait();
    }

    private struct ThrowJob : IParallelJob
    {
        public int Bad;

        public readonly void Run(int begin, int end, int worker)
        {
            if (begin <= Bad && Bad < end)
            {
                throw new InvalidDataException($"index {Bad}");
            }
        }
    }

    private struct NestedJob : IParallelJob
    {
        public WorkerPool Pool;

        public readonly void Run(int begin, int end, int worker)
        {
            SumJob inner = default;
            Pool.For(ref inner, 10, 1);
        }
    }

    private struct DisposeJob : IParallelJob
    {
        public WorkerPool Pool;
        public int Calls;

        public void Run(int begin, int end, int worker)
        {
            Interlocked.Add(ref Calls, end - begin);
            if (begin == 7 || end == 100)
            {
                Pool.Dispose();
            }
        }
    }
}
