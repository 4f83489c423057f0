using System.Globalization;

namespace LocalLlm.Bench.Shared;

/// <summary>What a process and its children use, read from <c>/proc</c>. Processes that end meanwhile count as nothing.</summary>
internal static class ProcessTree
{
    private const double TicksPerSecond = 100; // USER_HZ of x86-64, the unit of /proc/PID/stat

    // Fields of /proc/PID/stat counted from the state, which follows the name in parentheses (proc_pid_stat(5)).
    private const int Parent = 1, UserTime = 11, SystemTime = 12, ChildrenUserTime = 13, ChildrenSystemTime = 14;

    /// <summary>Processor time of one process so far, in seconds.</summary>
    public static double CpuSeconds(int process) => Stat(process) is { } fields ? Ticks(fields, UserTime) + Ticks(fields, SystemTime) : 0;

    /// <summary>Processor time of a process, its children, and the children that have ended, in seconds.</summary>
    public static double TreeCpuSeconds(int root) => Members(root)
        .Select(Stat).OfType<string[]>()
        .Sum(fields => Ticks(fields, UserTime) + Ticks(fields, SystemTime) + Ticks(fields, ChildrenUserTime) + Ticks(fields, ChildrenSystemTime));

    /// <summary>Resident memory of a process and its children in bytes, what they map from files left out.</summary>
    public static long TreeMemory(int root) => Members(root).Sum(PrivateMemory);

    /// <summary>Open files and sockets of a process and its children.</summary>
    public static int TreeHandles(int root) => Members(root).Sum(Handles);

    private static int Handles(int process)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Count();
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static long PrivateMemory(int process)
    {
        try
        {
            string? line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
            return line is null ? 0 : 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static List<int> Members(int root)
    {
        ILookup<int, int> children = Directory.EnumerateDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int process) ? process : 0)
            .Where(process => process > 0)
            .Select(process => (Process: process, Stat: Stat(process)))
            .Where(pair => pair.Stat is not null)
            .ToLookup(pair => int.Parse(pair.Stat![Parent], CultureInfo.InvariantCulture), pair => pair.Process);
        List<int> members = [root];
        for (int i = 0; i < members.Count; i++)
        {
            members.AddRange(children[members[i]]);
        }
        return members;
    }

    private static double Ticks(string[] fields, int field) => long.Parse(fields[field], CultureInfo.InvariantCulture) / TicksPerSecond;

    private static string[]? Stat(int process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
