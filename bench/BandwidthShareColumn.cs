using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace LocalLlm.Bench;

/// <summary>A column of the bytes read over the mean time as a share of what the same number of threads can read: <see cref="ReadBandwidth"/>, measured at the end of the run.</summary>
/// <param name="bytes">Bytes that a call reads, by the benchmark; NaN where memory is not what bounds it.</param>
/// <param name="threads">Threads that read them.</param>
public sealed class BandwidthShareColumn(Func<BenchmarkCase, double> bytes, Func<BenchmarkCase, int> threads)
    : MeanColumn("Of bandwidth", "bytes read, as a share of the rate at which as many threads read a mapped file of 256 MiB from the page cache")
{
    /// <inheritdoc/>
    protected override string Format(BenchmarkCase benchmark, double nanoseconds, SummaryStyle style)
    {
        double read = bytes(benchmark);
        return double.IsNaN(read) ? "-" : (read / nanoseconds / ReadBandwidth.Of(threads(benchmark))).ToString("P0", style.CultureInfo);
    }
}
