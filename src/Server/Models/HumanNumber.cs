using System.Globalization;

namespace LocalLlm.Server.Models;

/// <summary>Counts of weights as people write them.</summary>
internal static class HumanNumber
{
    /// <summary><c>7.6B</c> (one decimal), <c>134.52M</c> (two), <c>12K</c>; no decimals where the number is whole.</summary>
    public static string Of(long count) => count switch
    {
        >= 1_000_000_000 => Scaled(count, 1_000_000_000, "0.0") + "B",
        >= 1_000_000 => Scaled(count, 1_000_000, "0.00") + "M",
        >= 1_000 => (count / 1_000).ToString(CultureInfo.InvariantCulture) + "K",
        _ => count.ToString(CultureInfo.InvariantCulture),
    };

    private static string Scaled(long count, long unit, string fraction) =>
        ((double)count / unit).ToString(count % unit == 0 ? "0" : fraction, CultureInfo.InvariantCulture);
}
