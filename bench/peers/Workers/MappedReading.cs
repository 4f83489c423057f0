using System.Diagnostics;
using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LocalLlm.Peers.Workers;

/// <summary>How fast threads can read a mapped file that is in the page cache: no engine that reads every weight once per token is faster.</summary>
internal static unsafe class MappedReading
{
    private const long ChunkBytes = 4 << 20;

    /// <summary>Reads the whole file several times.</summary>
    /// <param name="path">The file.</param>
    /// <param name="threads">Threads that read.</param>
    /// <param name="passes">How often; the first pass pays for the mapping.</param>
    /// <returns>The fastest pass.</returns>
    public static WorkerSample Measure(string path, int threads, int passes)
    {
        using MemoryMappedFile file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        using MemoryMappedViewAccessor view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* data = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref data);
        try
        {
            long length = new FileInfo(path).Length;
            double best = Enumerable.Range(0, passes).Min(_ => Pass(data, length, threads));
            return new WorkerSample("", "", best);
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    /// <summary>Milliseconds of one pass; chunks go to whichever thread is free.</summary>
    private static double Pass(byte* data, long length, int threads)
    {
        long next = 0, sum = 0;
        long start = Stopwatch.GetTimestamp();
        Thread[] readers = [.. Enumerable.Range(0, threads).Select(_ => new Thread(() =>
        {
            long own = 0;
            for (long at; (at = Interlocked.Add(ref next, ChunkBytes) - ChunkBytes) < length;)
            {
                own ^= Read(data + at, Math.Min(ChunkBytes, length - at));
            }
            Interlocked.Add(ref sum, own);
        }))];
        Array.ForEach(readers, reader => reader.Start());
        Array.ForEach(readers, reader => reader.Join());
        GC.KeepAlive(sum);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static long Read(byte* data, long length)
    {
        Vector256<long> a = default, b = default, c = default, d = default;
        for (long i = 0; i + 128 <= length; i += 128)
        {
            a ^= Vector256.Load((long*)(data + i));
            b ^= Vector256.Load((long*)(data + i + 32));
            c ^= Vector256.Load((long*)(data + i + 64));
            d ^= Vector256.Load((long*)(data + i + 96));
        }
        return Vector256.Sum(a ^ b ^ c ^ d);
    }
}
