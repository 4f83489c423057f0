using System.Globalization;
using LocalLlm.Kernels;

namespace LocalLlm.Engine;

/// <summary>The memory of the machine, or of the container around this process.</summary>
public static class SystemMemory
{
    /// <summary>
    /// Bytes that this process and its children could still take without others being pushed out. File pages count as free, those of mapped weights
    /// included: they give way when memory is needed. Where the system does not tell (it does on Linux), what it was at the last garbage collection.
    /// </summary>
    public static long AvailableBytes
    {
        get
        {
            if (Read("/proc") is { } bytes)
            {
                return bytes;
            }
            GCMemoryInfo info = GC.GetGCMemoryInfo();
            return Math.Max(0, info.TotalAvailableMemoryBytes - info.MemoryLoadBytes);
        }
    }

    /// <summary>What Linux says.</summary>
    /// <param name="procFolder">A folder in the form of <c>/proc</c>, read for <c>meminfo</c> (proc_meminfo(5)) and <c>self</c>.</param>
    /// <returns>Null if the system does not tell.</returns>
    internal static long? Read(string procFolder)
    {
        try
        {
            long? machine = null;
            foreach (string line in File.ReadLines(Path.Combine(procFolder, "meminfo")))
            {
                if (line.StartsWith("MemAvailable:", StringComparison.Ordinal))
                {
                    machine = Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024;
                    break;
                }
            }
            return machine is null ? null : Math.Min(machine.Value, ContainerBytes(Path.Combine(procFolder, "self")) ?? long.MaxValue);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The least that a control group of this process leaves; null if none limits.</summary>
    private static long? ContainerBytes(string selfFolder)
    {
        try
        {
            return ControlGroup.Of(selfFolder, "memory").Min(group => group.IsVersion2 ? LeftOfVersion2(group) : LeftOfVersion1(group));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Above <c>memory.high</c> the kernel takes pages away and slows the group down, above <c>memory.max</c> it kills; "max" is no limit.</summary>
    private static long? LeftOfVersion2(ControlGroup group)
    {
        long? limit = new[] { Number(group.ReadText("memory.max")), Number(group.ReadText("memory.high")) }.Min();
        return Left(limit, Number(group.ReadText("memory.current")), group.ReadText("memory.stat"), "");
    }

    /// <summary>Without a limit the file holds a number beyond any machine. "total_" counts the groups inside too, as the usage does.</summary>
    private static long? LeftOfVersion1(ControlGroup group) => Left(
        Number(group.ReadText("memory.limit_in_bytes")),
        Number(group.ReadText("memory.usage_in_bytes")),
        group.ReadText("memory.stat"),
        "total_");

    private static long? Left(long? limit, long? usage, string statistics, string prefix)
    {
        if (limit is null || usage is null)
        {
            return null;
        }
        long files = 0;
        foreach (string line in statistics.Split('\n'))
        {
            string[] fields = line.Split(' ');
            if (fields.Length == 2 && (fields[0] == prefix + "inactive_file" || fields[0] == prefix + "active_file"))
            {
                files += Number(fields[1]) ?? 0;
            }
        }
        return Math.Max(0, limit.Value - Math.Max(0, usage.Value - files));
    }

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
}
