using System.Diagnostics;

namespace LocalLlm.Peers;

/// <summary>
/// Measures what other processes take while a sample runs. A core that is taken away for a moment stalls an engine whose threads wait for each other by
/// spinning far more than its share of the time, so samples that were disturbed say little about either engine, and are taken again while patience lasts.
/// </summary>
internal sealed class Disturbance
{
    private const double Most = 0.05;
    private readonly TimeSpan _patience;
    private TimeSpan _spent;

    /// <summary>Begins.</summary>
    /// <param name="patience">Time that retakes may cost in all.</param>
    public Disturbance(TimeSpan patience) => _patience = patience;

    /// <summary>Takes a sample, several times if need be.</summary>
    /// <param name="most">Most takes.</param>
    /// <param name="take">Takes the sample and names the processor time, in seconds, that its processes used meanwhile.</param>
    /// <returns>The least disturbed sample, and whether even that one was disturbed.</returns>
    public (T Sample, bool Disturbed) Take<T>(int most, Func<(T Sample, double CpuSeconds)> take)
    {
        T? best = default;
        double least = double.PositiveInfinity;
        for (int i = 0; i < most && least > Most && (i == 0 || _spent < _patience); i++)
        {
            long start = Stopwatch.GetTimestamp();
            double before = Machine.BusySeconds();
            TimeSpan own = Environment.CpuUsage.TotalTime;
            (T sample, double used) = take();
            double others = Machine.BusySeconds() - before - used - (Environment.CpuUsage.TotalTime - own).TotalSeconds;
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            double share = others / (elapsed.TotalSeconds * Environment.ProcessorCount);
            if (share < least)
            {
                (best, least) = (sample, share);
            }
            _spent += i > 0 ? elapsed : TimeSpan.Zero;
        }
        return (best!, least > Most);
    }
}
