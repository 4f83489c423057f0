using System.Globalization;

namespace LocalLlm.Server.Http;

/// <summary>Times and durations as the native API writes them.</summary>
internal static class WireTime
{
    /// <summary>RFC 3339 in UTC with as many digits as the fraction needs: <c>2026-08-21T09:30:00.1234567Z</c>.</summary>
    public static string Utc(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>RFC 3339 with the local offset.</summary>
    public static string Local(DateTimeOffset time) =>
        time.ToLocalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture);

    /// <summary>Whole nanoseconds.</summary>
    public static long Nanoseconds(TimeSpan duration) => (long)duration.TotalNanoseconds;
}
