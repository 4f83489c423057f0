namespace LocalLlm.Server.Store;

/// <summary>The store cannot do what was asked. The message is one sentence that names the file or folder and says what to do.</summary>
/// <param name="kind">What kind of failure it is.</param>
/// <param name="message">The sentence.</param>
/// <param name="inner">What lies beneath it; null for nothing.</param>
internal sealed class StoreException(StoreErrorKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What kind of failure it is.</summary>
    public StoreErrorKind Kind => kind;

    /// <summary>The failure of a file operation in a store's folder.</summary>
    public static StoreException Of(Exception exception, string path) => exception switch
    {
        IOException when exception.HResult is NoSpace or NoSpaceWindows || exception.HResult == s_overQuota => new(
            StoreErrorKind.DiskFull, $"the disk of '{path}' is full: make room, or set OLLAMA_MODELS to a folder elsewhere", exception),
        // What .NET makes of EFBIG.
        ArgumentOutOfRangeException => new(StoreErrorKind.Inaccessible, $"the file system of '{path}' takes no files as large as this: set OLLAMA_MODELS to a folder elsewhere", exception),
        _ => new(
            StoreErrorKind.Inaccessible,
            $"the model store cannot be changed at '{path}': {exception.Message} Set OLLAMA_MODELS to a folder that this user may write to, or LOCALLLM_STORE_READONLY=1 to use this one as it is",
            exception),
    };

    private const int NoSpace = 28; // ENOSPC of Linux and macOS
    private static readonly int s_overQuota = OperatingSystem.IsMacOS() ? 69 : 122; // EDQUOT
    private const int NoSpaceWindows = unchecked((int)0x80070070); // ERROR_DISK_FULL
}

/// <summary>Kinds of failures of a store.</summary>
internal enum StoreErrorKind
{
    /// <summary>A file of the store is not what it should be.</summary>
    Broken,

    /// <summary>The bytes of a blob have another digest than the one they were to have.</summary>
    DigestMismatch,

    /// <summary>A manifest names blobs that are not there.</summary>
    MissingBlob,

    /// <summary>The store is used read-only.</summary>
    ReadOnly,

    /// <summary>No room on the disk.</summary>
    DiskFull,

    /// <summary>The system does not let this process read or write there.</summary>
    Inaccessible,

    /// <summary>Another process holds what is needed.</summary>
    InUse,
}
