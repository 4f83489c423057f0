using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LocalLlm.Kernels;

namespace LocalLlm.Bench;

/// <summary>
/// The bound of decoding: how fast threads read a mapped file from the page cache when they do nothing else. Figures of one run carry over
/// to no other, so it is measured again in every run.
/// </summary>
public static class ReadBandwidth
{
    private const long Bytes = 256L << 20; // far beyond the caches
    private const int Chunk = 1 << 18;
    private const int Rounds = 5;

    private static readonly ConcurrentDictionary<int, double> s_measured = [];

    /// <summary>Gigabytes (10^9 bytes) a second, the best of five rounds; measured when first asked for.</summary>
    /// <param name="threads">Threads that read.</param>
    public static double Of(int threads) => s_measured.GetOrAdd(threads, Measure);

    private static unsafe double Measure(int threads)
    {
        using MappedMemory memory = new(Bytes, (_, bytes) => new Random(1).NextBytes(bytes.Span));
        using WorkerPool pool = new(threads);
        double best = 0;
        for (int round = 0; round <= Rounds; round++) // the first one maps the pages
        {
            ReadJob job = new() { Data = memory.Data };
            long start = Stopwatch.GetTimestamp();
            pool.For(ref job, (int)(Bytes / Chunk), 1);
            double rate = Bytes / Stopwatch.GetElapsedTime(start).TotalNanoseconds;
            best = round == 0 ? 0 : Math.Max(best, rate);
        }
        return best;
    }

    private unsafe struct ReadJob : IParallelJob
    {
        public byte* Data;
        private long _sum;

        public void Run(int begin, int end, int worker)
        {
            for (int chunk = begin; chunk < end; chunk++)
            {
                Interlocked.Add(ref _sum, Sum(Data + (long)chunk * Chunk));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private static long Sum(byte* data)
        {
            // Four sums, so that no addition waits for the one before.
            Vector512<long> a = default, b = default, c = default, d = default;
            for (byte* end = data + Chunk; data < end; data += 256)
            {
                a += Vector512.Load((long*)data);
                b += Vector512.Load((long*)(data + 64));
                c += Vector512.Load((long*)(data + 128));
                d += Vector512.Load((long*)(data + 192));
            }
            return Vector512.Sum(a + b + c + d);
        }
    }
}
