using System.Globalization;

namespace LocalLlm.Kernels;

/// <summary>How many physical cores the process may use.</summary>
internal static class CpuTopology
{
    /// <summary>
    /// Physical cores open to this process: CPUs of its affinity mask that are not each other's SMT siblings, at most as many as the container's
    /// CPU quota pays for. Kernels saturate a core's vector units, so a second thread on the same core only adds contention.
    /// </summary>
    public static int PhysicalCores()
    {
        // ProcessorCount knows the affinity mask and an environment variable of the runtime's, but counts SMT siblings.
        int logical = Environment.ProcessorCount;
        return OperatingSystem.IsLinux()
            ? Math.Min(PaidFor(CountCores("/proc/self/status", "/sys/devices/system/cpu"), CgroupQuota.Read("/proc/self")), logical)
            // Siblings are not to be had from .NET elsewhere: too many threads there cost a little speed, too few would cost a lot.
            : logical;
    }

    /// <summary>
    /// Threads for a number of cores of which a quota pays for some. Half a processor and more counts as one: two threads with 1.5 processors' worth
    /// of time do more than one thread, although they stand still a quarter of the time; with 1.2 they would gain nothing that the standstills do not cost.
    /// </summary>
    /// <param name="cores">Cores.</param>
    /// <param name="quota">Processors' worth of time, or null for no limit.</param>
    /// <returns>At least 1.</returns>
    internal static int PaidFor(int cores, double? quota) =>
        Math.Max(1, quota < cores ? (int)Math.Round(quota.Value, MidpointRounding.AwayFromZero) : cores);

    /// <summary>Counts the cores behind the allowed CPUs.</summary>
    /// <param name="statusFile">A file in the form of <c>/proc/self/status</c> (proc_pid_status(5)), read for <c>Cpus_allowed_list</c>.</param>
    /// <param name="cpuFolder">A folder in the form of <c>/sys/devices/system/cpu</c>, read for <c>cpuN/topology/thread_siblings_list</c>.</param>
    /// <returns>The number of cores, or <see cref="int.MaxValue"/> if the kernel does not tell (sandboxes hide these files): then nothing is known but the number of CPUs.</returns>
    internal static int CountCores(string statusFile, string cpuFolder)
    {
        try
        {
            string allowed = File.ReadLines(statusFile).First(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal));
            HashSet<int> cores = [];
            foreach (int cpu in ParseCpuList(allowed.AsSpan(allowed.IndexOf(':') + 1)))
            {
                string siblings = File.ReadAllText(Path.Combine(cpuFolder, $"cpu{cpu}", "topology", "thread_siblings_list"));
                // A core is known by its first sibling, whether or not that CPU is allowed.
                cores.Add(ParseCpuList(siblings).Min());
            }
            return cores.Count;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or InvalidOperationException)
        {
            return int.MaxValue;
        }
    }

    /// <summary>CPU numbers of a list in the kernel's form, for example <c>0-3,8,10-11</c>.</summary>
    /// <exception cref="FormatException">The text is not such a list.</exception>
    internal static List<int> ParseCpuList(ReadOnlySpan<char> text)
    {
        List<int> cpus = [];
        text = text.Trim();
        foreach (Range part in text.Split(','))
        {
            ReadOnlySpan<char> range = text[part];
            int dash = range.IndexOf('-');
            int first = int.Parse(dash < 0 ? range : range[..dash], NumberStyles.None, CultureInfo.InvariantCulture);
            int last = dash < 0 ? first : int.Parse(range[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture);
            for (int cpu = first; cpu <= last; cpu++)
            {
                cpus.Add(cpu);
            }
        }
        return cpus;
    }
}
