using System.Globalization;

namespace LocalLlm.Server.Cli;

/// <summary>Sizes as Ollama's lists show them: decimal units.</summary>
internal static class HumanBytes
{
    private static readonly string[] s_units = ["B", "KB", "MB", "GB", "TB"];

    /// <summary><c>999 B</c>, <c>1.5 KB</c>, <c>12 MB</c>, <c>4.7 GB</c>: one decimal below ten unless that is zero, none (cut off) from ten on.</summary>
    public static string Of(long bytes)
    {
        double value = bytes;
        int unit = 0;
        while (value >= 1000 && unit < s_units.Length - 1)
        {
            value /= 1000;
            unit++;
        }
        string number = value >= 10 || unit == 0
            ? Math.Truncate(value).ToString("0", CultureInfo.InvariantCulture)
            : (Math.Truncate(value * 10) / 10).ToString("0.#", CultureInfo.InvariantCulture);
        return $"{number} {s_units[unit]}";
    }
}
