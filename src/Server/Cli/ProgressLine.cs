using System.Diagnostics;
using System.Globalization;

namespace LocalLlm.Server.Cli;

/// <summary>A line on standard error that says how far a long work is, while a person looks on; nothing otherwise. It is gone when the work is done.</summary>
/// <param name="host">The world.</param>
/// <param name="work">What is done, <c>quantizing to Q8_0</c>.</param>
/// <param name="total">Bytes when all is done.</param>
internal sealed class ProgressLine(CliHost host, string work, long total) : IDisposable
{
    // Often enough to look alive, seldom enough to cost nothing.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly long _started = Stopwatch.GetTimestamp();
    private long _written;
    private int _width;

    /// <summary>Tells how many bytes are done.</summary>
    public void Report(long done)
    {
        if (!host.ErrorIsTerminal || (_width > 0 && Stopwatch.GetElapsedTime(_written) < s_pause))
        {
            return;
        }
        _written = Stopwatch.GetTimestamp();
        double seconds = Stopwatch.GetElapsedTime(_started).TotalSeconds;
        string line = string.Create(
            CultureInfo.InvariantCulture,
            $"{work}: {100.0 * done / Math.Max(1, total):0} % of {HumanBytes.Of(total)}, {HumanBytes.Of((long)(done / Math.Max(seconds, 1e-3)))}/s");
        host.Error.Write($"\r{line.PadRight(_width)}");
        _width = line.Length;
    }

    /// <summary>Clears the line.</summary>
    public void Dispose()
    {
        if (_width > 0)
        {
            host.Error.Write($"\r{new string(' ', _width)}\r");
        }
    }
}
