using System.Globalization;

namespace LocalLlm.Kernels;

/// <summary>
/// How much processor time a container pays for: the CPU bandwidth limits of this process's control groups, version 2 (<c>cpu.max</c>) and
/// 1 (<c>cpu.cfs_quota_us</c>). The least on the way to the root counts.
/// </summary>
internal static class CgroupQuota
{
    /// <summary>Reads the limits.</summary>
    /// <param name="procFolder">As in <see cref="ControlGroup.Of"/>.</param>
    /// <returns>Processors' worth of time, for example 1.5; null if nothing limits it or the system does not tell.</returns>
    public static double? Read(string procFolder)
    {
        try
        {
            return ControlGroup.Of(procFolder, "cpu").Min(group => group.IsVersion2 ? ReadVersion2(group) : ReadVersion1(group));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary><c>cpu.max</c>: "quota period" in microseconds, or "max period" where nothing limits.</summary>
    private static double? ReadVersion2(ControlGroup group)
    {
        string[] numbers = group.ReadText("cpu.max").Split(' ');
        return numbers.Length == 2 ? Ratio(numbers[0], numbers[1]) : null;
    }

    /// <summary>Quota and period stand in files of their own; the quota is -1 where nothing limits.</summary>
    private static double? ReadVersion1(ControlGroup group) =>
        Ratio(group.ReadText("cpu.cfs_quota_us"), group.ReadText("cpu.cfs_period_us"));

    private static double? Ratio(string quota, string period) =>
        long.TryParse(quota, NumberStyles.None, CultureInfo.InvariantCulture, out long time) && time > 0
        && long.TryParse(period, NumberStyles.None, CultureInfo.InvariantCulture, out long every) && every > 0
            ? (double)time / every
            : null;
}
