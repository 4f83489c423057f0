using System.Text;

namespace LocalLlm.Kernels;

/// <summary>
/// A control group of Linux, where the kernel shows the limits of a container. A limit of an outer group holds for all inside it, so that every group on
/// the way to the root counts.
/// </summary>
/// <param name="Folder">Where its files stand.</param>
/// <param name="IsVersion2">Which version of the interface they follow.</param>
public readonly record struct ControlGroup(string Folder, bool IsVersion2)
{
    /// <summary>The groups of this process that a controller looks after, outer ones before inner ones.</summary>
    /// <param name="procFolder">A folder in the form of <c>/proc/self</c>, read for <c>mountinfo</c> (proc_pid_mountinfo(5)) and <c>cgroup</c> (cgroups(7)).</param>
    /// <param name="controller">Name of the controller, for example <c>cpu</c> or <c>memory</c>; in version 2 one tree serves all.</param>
    /// <exception cref="IOException">The system has no such files.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be read.</exception>
    public static IReadOnlyList<ControlGroup> Of(string procFolder, string controller)
    {
        List<ControlGroup> all = [];
        string[] groups = File.ReadAllLines(Path.Combine(procFolder, "cgroup"));
        foreach (string line in File.ReadLines(Path.Combine(procFolder, "mountinfo")))
        {
            if (TryParseMount(line, controller, out Mount mount) && GroupPath(groups, controller, mount.IsVersion2) is { } path)
            {
                all.AddRange(OnTheWay(mount, path));
            }
        }
        return all;
    }

    /// <summary>What stands in a file of the group, without spaces around it; empty if there is no such file.</summary>
    public string ReadText(string file)
    {
        string path = Path.Combine(Folder, file);
        return File.Exists(path) ? File.ReadAllText(path).Trim() : "";
    }

    // Where a hierarchy with the controller is mounted, and which of its groups stands there.
    private readonly record struct Mount(string Root, string Point, bool IsVersion2);

    /// <summary>A line "36 25 0:30 /root /mount/point rw - type source superoptions", with any number of fields before the dash.</summary>
    private static bool TryParseMount(string line, string controller, out Mount mount)
    {
        mount = default;
        string[] fields = line.Split(' ');
        int dash = Array.IndexOf(fields, "-");
        if (dash < 6 || fields.Length < dash + 4)
        {
            return false;
        }
        bool isVersion2 = fields[dash + 1] == "cgroup2";
        if (!isVersion2 && !(fields[dash + 1] == "cgroup" && fields[dash + 3].Split(',').Contains(controller)))
        {
            return false;
        }
        mount = new Mount(Unescape(fields[3]), Unescape(fields[4]), isVersion2);
        return true;
    }

    /// <summary>This process's group: lines "0::/path" for version 2, "4:cpu,cpuacct:/path" for version 1.</summary>
    private static string? GroupPath(string[] groups, string controller, bool isVersion2)
    {
        foreach (string line in groups)
        {
            string[] fields = line.Split(':', 3);
            if (fields.Length == 3 && (isVersion2 ? fields[0] == "0" && fields[1].Length == 0 : fields[1].Split(',').Contains(controller)))
            {
                return fields[2];
            }
        }
        return null;
    }

    private static IEnumerable<ControlGroup> OnTheWay(Mount mount, string path)
    {
        // Seen from a container, the path may lie outside of what is mounted: then the mounted group is the container's own.
        string root = mount.Root.TrimEnd('/');
        bool inside = path.StartsWith(root + "/", StringComparison.Ordinal) && !path.Contains("/..", StringComparison.Ordinal);
        string[] steps = inside ? path[root.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries) : [];
        for (int depth = 0; depth <= steps.Length; depth++)
        {
            yield return new ControlGroup(Path.Combine([mount.Point, .. steps[..depth]]), mount.IsVersion2);
        }
    }

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
