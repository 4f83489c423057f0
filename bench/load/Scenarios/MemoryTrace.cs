using System.Diagnostics;
using LocalLlm.Load.Results;

namespace LocalLlm.Load.Scenarios;

/// <summary>The memory and open files of the server and its runners over the course of a run.</summary>
/// <param name="server">The server's process; null where it was not started here, and nothing is known.</param>
/// <param name="progress">How much of the run is done, 0 to 1.</param>
internal sealed class MemoryTrace(int? server, Func<double> progress)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly List<(double Progress, long Bytes)> _samples = [];
    private long _last;

    /// <summary>Open files and sockets when first looked at.</summary>
    public int HandlesAtFirst { get; private set; }

    /// <summary>Open files and sockets when last looked at.</summary>
    public int HandlesAtLast { get; private set; }

    /// <summary>Looks, unless somebody did so a moment ago.</summary>
    public void Look()
    {
        lock (_lock)
        {
            if (server is { } process && (_last == 0 || Stopwatch.GetElapsedTime(_last) >= s_pause))
            {
                _samples.Add((progress(), ProcessTree.TreeMemory(process)));
                HandlesAtLast = ProcessTree.TreeHandles(process);
                HandlesAtFirst = HandlesAtFirst == 0 ? HandlesAtLast : HandlesAtFirst;
                _last = Stopwatch.GetTimestamp();
            }
        }
    }

    /// <summary>The median of the bytes in a part of the run; not a number if nobody looked then.</summary>
    public double Median(double from, double to) =>
        Figures.Percentile([.. _samples.Where(sample => sample.Progress >= from && sample.Progress < to).Select(sample => (double)sample.Bytes).Order()], 0.5);
}
