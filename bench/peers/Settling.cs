using System.Diagnostics;

namespace LocalLlm.Peers;

/// <summary>Waits until threads that spin after their work, in the hope of more, have parked.</summary>
internal static class Settling
{
    private const double TicksOfAnswering = 0.015;
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan LongestSpinning = TimeSpan.FromSeconds(3);

    /// <summary>Waits, for a few seconds at most.</summary>
    /// <param name="cpuSeconds">Processor time that the processes have used so far, in seconds.</param>
    public static void Wait(Func<double> cpuSeconds)
    {
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < LongestSpinning;)
        {
            double before = cpuSeconds();
            Thread.Sleep(LookAgain);
            if (cpuSeconds() - before < TicksOfAnswering)
            {
                return;
            }
        }
    }
}
