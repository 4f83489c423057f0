using System.Globalization;
using System.Text;

namespace LocalLlm.Kernels;

/// <summary>
/// How much processor time a container pays for: the CPU bandwidth limits of this process's control groups, version 2 (<c>cpu.max</c>) and
/// 1 (<c>cpu.cfs_quota_us</c>). A limit of an outer group holds for all inside it, so that the least on the way to the root counts.
/// </summary>
internal static class CgroupQuota
{
    /// <summary>Reads the limits.</summary>
    /// <param name="procFolder">A folder in the form of <c>/proc/self</c>, read for <c>mountinfo</c> (proc_pid_mountinfo(5)) and <c>cgroup</c> (cgroups(7)).</param>
    /// <returns>Processors' worth of time, for example 1.5; null if nothing limits it or the system does not tell.</returns>
    public static double? Read(string procFolder)
    {
        try
        {
            double? least = null;
            string[] groups = File.ReadAllLines(Path.Combine(procFolder, "cgroup"));
            foreach (string line in File.ReadLines(Path.Combine(procFolder, "mountinfo")))
            {
                if (TryParseMount(line, out Mount mount) && GroupPath(groups, mount.IsVersion2) is { } path)
                {
                    least = Least(least, LeastOnTheWay(mount, path));
                }
            }
            return least;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // Where a hierarchy with the cpu controller is mounted, and which of its groups stands there.
    private readonly record struct Mount(string Root, string Point, bool IsVersion2);

    /// <summary>A line "36 25 0:30 /root /mount/point rw - type source superoptions", with any number of fields before the dash.</summary>
    private static bool TryParseMount(string line, out Mount mount)
    {
        mount = default;
        string[] fields = line.Split(' ');
        int dash = Array.IndexOf(fields, "-");
        if (dash < 6 || fields.Length < dash + 4)
        {
            return false;
        }
        bool isVersion2 = fields[dash + 1] == "cgroup2";
        if (!isVersion2 && !(fields[dash + 1] == "cgroup" && fields[dash + 3].Split(',').Contains("cpu")))
        {
            return false;
        }
        mount = new Mount(Unescape(fields[3]), Unescape(fields[4]), isVersion2);
        return true;
    }

    /// <summary>This process's group: lines "0::/path" for version 2, "4:cpu,cpuacct:/path" for version 1.</summary>
    private static string? GroupPath(string[] groups, bool isVersion2)
    {
        foreach (string line in groups)
        {
            string[] fields = line.Split(':', 3);
            if (fields.Length == 3 && (isVersion2 ? fields[0] == "0" && fields[1].Length == 0 : fields[1].Split(',').Contains("cpu")))
            {
                return fields[2];
            }
        }
        return null;
    }

    private static double? LeastOnTheWay(Mount mount, string path)
    {
        // Seen from a container, the path may lie outside of what is mounted: then the mounted group is the container's own.
        string root = mount.Root.TrimEnd('/');
        bool inside = path.StartsWith(root + "/", StringComparison.Ordinal) && !path.Contains("/..", StringComparison.Ordinal);
        string[] steps = inside ? path[root.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries) : [];
        double? least = null;
        for (int depth = 0; depth <= steps.Length; depth++)
        {
            string folder = Path.Combine([mount.Point, .. steps[..depth]]);
            least = Least(least, mount.IsVersion2 ? ReadVersion2(folder) : ReadVersion1(folder));
        }
        return least;
    }

    /// <summary><c>cpu.max</c>: "quota period" in microseconds, or "max period" where nothing limits.</summary>
    private static double? ReadVersion2(string folder)
    {
        string[] numbers = ReadText(Path.Combine(folder, "cpu.max")).Split(' ');
        return numbers.Length == 2 ? Ratio(numbers[0], numbers[1]) : null;
    }

    /// <summary>Quota and period stand in files of their own; the quota is -1 where nothing limits.</summary>
    private static double? ReadVersion1(string folder) =>
        Ratio(ReadText(Path.Combine(folder, "cpu.cfs_quota_us")), ReadText(Path.Combine(folder, "cpu.cfs_period_us")));

    private static double? Ratio(string quota, string period) =>
        long.TryParse(quota, NumberStyles.None, CultureInfo.InvariantCulture, out long time) && time > 0
        && long.TryParse(period, NumberStyles.None, CultureInfo.InvariantCulture, out long every) && every > 0
            ? (double)time / every
            : null;

    private static string ReadText(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : "";

    private static double? Least(double? a, double? b) => a is null || b < a ? b : a;

    /// <summary>Spaces, tabs, line ends and backslashes of a path stand as a backslash and three octal digits.</summary>
    private static string Unescape(string text)
    {
        StringBuilder result = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            bool escaped = text[i] == '\\' && i + 3 < text.Length && text.AsSpan(i + 1, 3).IndexOfAnyExceptInRange('0', '7') < 0;
            result.Append(escaped ? (char)Convert.ToInt32(text.Substring(i + 1, 3), 8) : text[i]);
            i += escaped ? 3 : 0;
        }
        return result.ToString();
    }
}
