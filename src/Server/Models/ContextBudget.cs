namespace LocalLlm.Server.Models;

/// <summary>
/// How much context a request can make the server allocate. Some clients send back the length that a model was trained for, which can take more
/// memory for keys and values than the machine has.
/// </summary>
internal static class ContextBudget
{
    /// <summary>Positions that are granted whatever the memory: the default context.</summary>
    public const int Floor = 4096;

    /// <summary>Bytes that this process may use: the machine's memory, or less in a container.</summary>
    public static long MemoryBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>
    /// The positions granted: what was asked for, what the model was trained for, or what fits half of the memory that its weights leave, whichever is least.
    /// </summary>
    /// <param name="wanted">Positions asked for.</param>
    /// <param name="facts">Of the model.</param>
    /// <param name="memoryBytes">Bytes that the process may use.</param>
    public static int Limit(int wanted, GgufFacts facts, long memoryBytes)
    {
        int trained = facts.ContextLength ?? int.MaxValue;
        long affordable = facts.CacheBytesPerPosition == 0
            ? int.MaxValue
            : Math.Max((memoryBytes - facts.FileBytes) / 2 / facts.CacheBytesPerPosition, Floor);
        return (int)Math.Min(Math.Min(wanted, trained), affordable);
    }
}
