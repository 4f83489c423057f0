using System.Diagnostics;
using System.Globalization;

namespace LocalLlm.Load.Results;

/// <summary>Statistics and their texts.</summary>
internal static class Figures
{
    /// <summary>Milliseconds between two times of <see cref="Stopwatch"/>.</summary>
    public static double Milliseconds(long from, long to) => (to - from) * 1000.0 / Stopwatch.Frequency;

    /// <summary>The value that a share of the sorted values does not exceed (nearest rank); not a number of no values.</summary>
    /// <param name="sorted">Ascending.</param>
    /// <param name="share">0 to 1; 0.5 is the median.</param>
    public static double Percentile(double[] sorted, double share) =>
        sorted.Length == 0 ? double.NaN : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];

    /// <summary>A figure with as many digits as it is worth; empty if it is none.</summary>
    public static string Of(double value) => double.IsNaN(value)
        ? ""
        : value.ToString(Math.Abs(value) switch { < 10 => "0.00", < 100 => "0.0", _ => "0" }, CultureInfo.InvariantCulture);

    /// <summary>Text that no culture changes.</summary>
    public static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
