namespace LocalLlm.Engine;

/// <summary>The memory of the machine, or of the container around this process.</summary>
public static class SystemMemory
{
    /// <summary>Bytes that this process and its children could still take without others being pushed out.</summary>
    public static long AvailableBytes
    {
        get
        {
            GCMemoryInfo info = GC.GetGCMemoryInfo();
            return Math.Max(0, info.TotalAvailableMemoryBytes - info.MemoryLoadBytes);
        }
    }
}
