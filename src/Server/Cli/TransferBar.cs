namespace LocalLlm.Server.Cli;

/// <summary>The line of one transfer: <c>pulling 60e404698870:  12% ▕██      ▏ 240 MB/2.0 GB   35 MB/s    50s</c>.</summary>
internal static class TransferBar
{
    private const int LeastBar = 5;

    /// <summary>The line of a transfer that runs or is done.</summary>
    /// <param name="what">What is transferred.</param>
    /// <param name="completed">Bytes that are there.</param>
    /// <param name="total">Bytes when it is done, more than 0.</param>
    /// <param name="bytesPerSecond">How fast it is; 0 if that is not known.</param>
    /// <param name="columns">Columns to fill; where they are too few, the bar goes first, then the end of the line.</param>
    public static string Line(string what, long completed, long total, long bytesPerSecond, int columns)
    {
        string before = $"{what}: {Percent(completed, total),3}% ";
        string after = completed >= total
            ? HumanBytes.Of(total)
            : $"{HumanBytes.Of(completed)}/{HumanBytes.Of(total)} {(bytesPerSecond > 0 ? $"{HumanBytes.Of(bytesPerSecond)}/s" : ""),9} {TimeLeft(completed, total, bytesPerSecond),7}";
        int width = columns - before.Length - after.Length - 3;
        string line = width < LeastBar ? $"{before}{after}" : $"{before}▕{Bar(width, completed, total)}▏ {after}";
        return line.Length <= columns ? line : line[..Math.Max(0, columns)];
    }

    /// <summary>The same for readers that are no terminals.</summary>
    public static string Plain(string what, long completed, long total) =>
        completed >= total ? $"{what}: 100% {HumanBytes.Of(total)}" : $"{what}: {Percent(completed, total)}% {HumanBytes.Of(completed)}/{HumanBytes.Of(total)}";

    /// <summary>How long the rest takes, in two units at most: <c>50s</c>, <c>4m10s</c>, <c>1h2m</c>, <c>99h+</c>; empty if that is not known.</summary>
    internal static string TimeLeft(long completed, long total, long bytesPerSecond)
    {
        if (bytesPerSecond <= 0)
        {
            return "";
        }
        long seconds = (long)Math.Round((total - completed) / (double)bytesPerSecond);
        (long hours, long minutes) = (seconds / 3600, seconds / 60 % 60);
        return hours > 99 ? "99h+" : hours > 0 ? $"{hours}h{minutes}m" : minutes > 0 ? $"{minutes}m{seconds % 60}s" : $"{seconds}s";
    }

    /// <summary>100 only when all is there.</summary>
    private static int Percent(long completed, long total) => (int)Math.Clamp(Math.Floor(100.0 * completed / total), 0, 100);

    private static string Bar(int width, long completed, long total)
    {
        int full = (int)Math.Clamp((double)width * completed / total, 0, width);
        return new string('█', full) + new string(' ', width - full);
    }
}
