using LocalLlm.Server.Store;

namespace LocalLlm.Server.Http;

/// <summary>What a server does to its store when it starts: old names of blobs are renamed, what nothing uses goes.</summary>
internal static class StoreUpkeep
{
    /// <summary>Does it, unless it is not wanted. What goes wrong is logged and keeps no server from running.</summary>
    public static void Run(ServerOptions options, ILogger log)
    {
        if (options.StoreFolder is not { } folder || options.StoreReadOnly)
        {
            return;
        }
        try
        {
            ModelStore store = new(folder);
            StorePruning.RenameLegacyBlobs(store);
            if (options.Prune)
            {
                Tell(StorePruning.Prune(store, DateTime.UtcNow), log);
            }
        }
        catch (Exception exception) when (exception is StoreException or IOException or UnauthorizedAccessException)
        {
            log.LogWarning("The model store was not pruned: {Reason}", exception.Message);
        }
    }

    private static void Tell(PruneReport report, ILogger log)
    {
        if (report.Files > 0)
        {
            log.LogInformation("{Files} unused files, {Bytes} bytes, were deleted from the model store", report.Files, report.Bytes);
        }
        foreach (string broken in report.Broken)
        {
            log.LogWarning("The model store is not pruned, since {Reason}", broken);
        }
    }
}
