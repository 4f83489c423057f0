using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels;

/// <summary>
/// Threads that share the work of one loop at a time. Each has a range of neighbouring chunks of its own, so that what it asks memory for ahead
/// is what it reads next; when it is done, it takes chunks of the others, so that a thread which the machine holds up
/// delays only the chunk it has in hand. Between loops the threads spin, because the next loop of a forward pass follows within
/// microseconds and the next token's within fractions of a millisecond, then park. A call allocates nothing on the managed heap.
/// </summary>
/// <remarks>
/// One <see cref="For"/> at a time: a second one, from another thread or from inside a job, is refused with an
/// <see cref="InvalidOperationException"/>, whatever the number of threads. <see cref="Dispose"/> may come at any time: a loop that is under
/// way is finished first.
/// </remarks>
public sealed unsafe class WorkerPool : IDisposable
{
    // The loop's state word: bits 32.. the number of the loop, bit 31 whether workers may still join it, bits 0..30 how many workers are in it.
    // The caller of For is not counted. Workers join by compare-and-swap, so a worker that was asleep never delays a loop that is already
    // done, and never touches a job after For has returned.
    private const long Open = 1L << 31;
    private const long JoinedMask = Open - 1;

    // Longer than the gaps between the loops of a forward pass (norms and gates on the caller's thread). Beyond it a waiting thread lets
    // others go first whenever there are any, so that it takes nothing from anybody.
    private static readonly long s_spinTicks = Stopwatch.Frequency / 20_000;

    // Longer than the gap between two tokens, in which one is sampled and turned into text. Waking a parked thread costs the caller of For
    // some 10 microseconds, on virtual machines 70, before it begins with its own chunks.
    private static readonly long s_parkTicks = Stopwatch.Frequency / 500;

    private const int LinePair = 128;

    // Looks at the clock are dearer than looks at a cache line.
    private const int LooksPerTick = 32;

    private readonly Thread[] _workers;
    private readonly object _gate = new();

    // Two lines apart, because processors fetch lines in pairs: the loop, which workers look at, and each thread's range.
    private readonly byte[] _lines;
    private readonly Loop* _loop;
    private readonly byte* _ranges;
    private int _parked;
    private int _busy;
    private int _disposed;
    private Exception? _error;

    /// <summary>Starts <paramref name="threads"/> - 1 background threads; the caller of <see cref="For"/> is the remaining one.</summary>
    /// <param name="threads">At least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is less than 1.</exception>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        _lines = GC.AllocateArray<byte>((2 + threads) * LinePair, pinned: true);
        byte* aligned = (byte*)(((nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_lines)) + LinePair - 1) & -LinePair);
        _loop = (Loop*)aligned;
        _ranges = aligned + LinePair;
        _workers = new Thread[threads - 1];
        for (int i = 0; i < _workers.Length; i++)
        {
            int worker = i + 1;
            _workers[i] = new Thread(() => Work(worker)) { IsBackground = true, Name = $"kernel worker {worker}" };
            _workers[i].Start();
        }
    }

    /// <summary>Physical cores that the process may use, its affinity and its container's CPU quota respected.</summary>
    public static int DefaultThreads { get; } = CpuTopology.PhysicalCores();

    /// <summary>Number of threads that take part in a loop, the caller included.</summary>
    public int Threads { get; }

    /// <summary>Runs the job over all indices from 0 to <paramref name="count"/> and returns when every index is done.</summary>
    /// <param name="job">The work. Worked on as one shared copy on this thread's stack, which is written back at the end.</param>
    /// <param name="count">Number of indices; 0 does nothing.</param>
    /// <param name="grain">Indices per chunk, at least 1. A loop of one chunk runs on the caller alone.</param>
    /// <exception cref="InvalidOperationException">Another loop of this pool is under way.</exception>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    /// <remarks>An exception of the job reaches the caller (the first one, if several threads fail); chunks not yet begun are then dropped.</remarks>
    public void For<TJob>(ref TJob job, int count, int grain)
        where TJob : struct, IParallelJob
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfLessThan(grain, 1);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        if (Interlocked.Exchange(ref _busy, 1) != 0)
        {
            throw new InvalidOperationException("The worker pool is busy: it runs one loop at a time, and a job can't start another loop on its own pool.");
        }
        try
        {
            if (_workers.Length == 0 || count <= grain)
            {
                if (count > 0)
                {
                    job.Run(0, count, 0);
                }
                return;
            }
            // The caller's struct may lie on the heap, where the collector moves things; a local does not move.
            TJob shared = job;
            RunShared(&Invoke<TJob>, Unsafe.AsPointer(ref shared), count, grain);
            job = shared;
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    /// <summary>Ends the threads. A loop under way on another thread is finished first.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }
        WakeAll();
        foreach (Thread thread in _workers)
        {
            if (thread != Thread.CurrentThread)
            {
                thread.Join();
            }
        }
    }

    private static void Invoke<TJob>(void* job, int begin, int end, int worker)
        where TJob : struct, IParallelJob
        => Unsafe.AsRef<TJob>(job).Run(begin, end, worker);

    private void RunShared(delegate*<void*, int, int, int, void> run, void* job, int count, int grain)
    {
        long chunks = ((long)count + grain - 1) / grain;
        for (int i = 0; i < Threads; i++)
        {
            Range* range = RangeOf(i);
            range->Next = chunks * i / Threads;
            range->End = chunks * (i + 1) / Threads;
        }
        _loop->Run = run;
        _loop->Job = job;
        _loop->Count = count;
        _loop->Grain = grain;
        long number = (_loop->State >> 32) + 1;
        Interlocked.Exchange(ref _loop->State, (number << 32) | Open);
        if (Volatile.Read(ref _parked) > 0)
        {
            WakeOne();
        }
        RunChunks(worker: 0);

        Interlocked.And(ref _loop->State, ~Open);
        AwaitWorkers();
        if (_error is { } error)
        {
            _error = null;
            ExceptionDispatchInfo.Throw(error);
        }
    }

    /// <summary>Waits for workers that are in their last chunk.</summary>
    private void AwaitWorkers()
    {
        long start = 0;
        while ((Volatile.Read(ref _loop->State) & JoinedMask) != 0)
        {
            start = start == 0 ? Stopwatch.GetTimestamp() : start;
            // A worker that was held up may be waiting for this very processor.
            Pause(yields: Stopwatch.GetTimestamp() - start > s_spinTicks);
        }
    }

    /// <summary>The thread's own range, then what is left of the others'.</summary>
    private void RunChunks(int worker)
    {
        try
        {
            for (int i = 0; i < Threads; i++)
            {
                int other = worker + i;
                RunRange(RangeOf(other < Threads ? other : other - Threads), worker);
            }
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _error, e, null);
            for (int i = 0; i < Threads; i++)
            {
                Interlocked.Exchange(ref RangeOf(i)->Next, RangeOf(i)->End);
            }
        }
    }

    private void RunRange(Range* range, int worker)
    {
        int count = _loop->Count, grain = _loop->Grain;
        // A look before each claim: the other threads' lines are left in peace when there is nothing to take.
        while (Volatile.Read(ref range->Next) < range->End)
        {
            long chunk = Interlocked.Increment(ref range->Next) - 1;
            if (chunk >= range->End)
            {
                return;
            }
            long begin = chunk * grain;
            _loop->Run(_loop->Job, (int)begin, (int)Math.Min(begin + grain, count), worker);
        }
    }

    private Range* RangeOf(int worker) => (Range*)(_ranges + ((nint)worker * LinePair));

    private void Work(int worker)
    {
        long done = 0;
        while (AwaitLoop(done) is var state && state != 0)
        {
            if (Interlocked.CompareExchange(ref _loop->State, state + 1, state) == state)
            {
                RunChunks(worker);
                Interlocked.Decrement(ref _loop->State);
                done = state >> 32;
            }
        }
    }

    /// <summary>Waits for a loop other than number <paramref name="done"/> that can be joined. Returns the state word seen, or 0 when the pool ends.</summary>
    private long AwaitLoop(long done)
    {
        long start = Stopwatch.GetTimestamp(), waited = 0;
        do
        {
            for (int look = 0; look < LooksPerTick; look++)
            {
                if (TryFindLoop(done, out long state))
                {
                    return state;
                }
                Pause(yields: waited > s_spinTicks);
            }
            waited = Stopwatch.GetTimestamp() - start;
        }
        while (waited < s_parkTicks);
        return Park(done);
    }

    private long Park(long done)
    {
        lock (_gate)
        {
            // Counted before the last look: For opens a loop first and looks at the count after, so one of the two sees the other.
            int parked = Interlocked.Increment(ref _parked);
            long state;
            while (!TryFindLoop(done, out state))
            {
                Monitor.Wait(_gate);
            }
            parked = Interlocked.Decrement(ref _parked);
            // The caller of For wakes one, that one the next two, and so on: nobody pays for all.
            for (int i = 0; i < Math.Min(parked, 2); i++)
            {
                Monitor.Pulse(_gate);
            }
            return state;
        }
    }

    private bool TryFindLoop(long done, out long state)
    {
        state = Volatile.Read(ref _loop->State);
        if ((state & Open) != 0 && state >> 32 != done)
        {
            return true;
        }
        state = 0;
        return Volatile.Read(ref _disposed) != 0;
    }

    private void WakeOne()
    {
        lock (_gate)
        {
            Monitor.Pulse(_gate);
        }
    }

    private void WakeAll()
    {
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
        }
    }

    private static void Pause(bool yields)
    {
        if (yields)
        {
            Thread.Yield();
        }
        else if (X86Base.IsSupported)
        {
            // Thread.SpinWait(1) may pause several times as long, which is the delay at either end of a loop.
            X86Base.Pause();
        }
        else
        {
            Thread.SpinWait(1);
        }
    }

    /// <summary>Chunks of one thread that nobody has begun.</summary>
    private struct Range
    {
        public long Next;
        public long End;
    }

    /// <summary>The loop under way, on one cache line: what a worker needs to begin comes with the state word that it waits for.</summary>
    private struct Loop
    {
        /// <summary>Written last: it opens the loop.</summary>
        public long State;
        public delegate*<void*, int, int, int, void> Run;
        public void* Job;
        public int Count;
        public int Grain;
    }
}
