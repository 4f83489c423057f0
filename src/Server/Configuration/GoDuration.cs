using System.Buffers;
using System.Globalization;

namespace LocalLlm.Server.Configuration;

/// <summary>Durations as Go writes them: <c>300ms</c>, <c>1h30m</c>, <c>-1.5h</c>.</summary>
internal static class GoDuration
{
    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789.");

    /// <summary>Reads a duration; a number without unit is none, but for 0.</summary>
    /// <returns>False if <paramref name="text"/> is no duration. Values beyond what <see cref="TimeSpan"/> holds become its bounds.</returns>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        ReadOnlySpan<char> rest = text;
        bool negative = rest is ['-', ..];
        if (rest is ['-' or '+', ..])
        {
            rest = rest[1..];
        }
        if (rest is "0")
        {
            return true;
        }
        double seconds = 0;
        do
        {
            int digits = rest.IndexOfAnyExcept(s_digits);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value))
            {
                return false;
            }
            rest = rest[digits..];
            int letters = rest.IndexOfAny(s_digits);
            ReadOnlySpan<char> unit = letters < 0 ? rest : rest[..letters];
            if (SecondsOf(unit) is not { } scale)
            {
                return false;
            }
            seconds += value * scale;
            rest = rest[unit.Length..];
        }
        while (!rest.IsEmpty);
        duration = FromSeconds(negative ? -seconds : seconds);
        return true;
    }

    /// <summary>A time span of so many seconds, kept within what <see cref="TimeSpan"/> holds.</summary>
    public static TimeSpan FromSeconds(double seconds) =>
        seconds >= TimeSpan.MaxValue.TotalSeconds ? TimeSpan.MaxValue
        : seconds <= TimeSpan.MinValue.TotalSeconds ? TimeSpan.MinValue
        : TimeSpan.FromSeconds(seconds);

    /// <summary>Writes a duration as Go prints it: <c>1h30m0s</c>, <c>2.5s</c>, <c>130.079ms</c>, <c>0s</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        decimal seconds = Math.Abs((decimal)duration.Ticks) / TimeSpan.TicksPerSecond;
        string sign = duration < TimeSpan.Zero ? "-" : "";
        if (seconds < 1)
        {
            return sign + seconds switch
            {
                0 => "0s",
                < 1e-6m => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e9m:0}ns"),
                < 1e-3m => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6m:0.#########}µs"),
                _ => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3m:0.#########}ms"),
            };
        }
        long minutes = (long)(seconds / 60);
        string hours = minutes >= 60 ? $"{minutes / 60}h" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{hours}{(minutes > 0 ? $"{minutes % 60}m" : "")}{seconds % 60:0.#########}s");
    }

    private static double? SecondsOf(ReadOnlySpan<char> unit) => unit switch
    {
        "ns" => 1e-9,
        "us" or "µs" or "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => null,
    };
}
