namespace LocalLlm.Server.Store;

/// <summary>Files that one holder at a time has open, over all processes (<c>flock</c> where there is one).</summary>
internal static class LockedFile
{
    // What the system says of a file that another holds: EWOULDBLOCK of Linux and of macOS, ERROR_SHARING_VIOLATION.
    private const int HeldLinux = 11, HeldMac = 35, HeldWindows = unchecked((int)0x80070020);

    /// <summary>Opens a file for reading and writing, making it if need be.</summary>
    /// <returns>Null if another holder has it open.</returns>
    /// <exception cref="StoreException">It cannot be opened for another reason.</exception>
    public static FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException exception) when (exception.HResult is HeldLinux or HeldMac or HeldWindows)
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw StoreException.Of(exception, path);
        }
    }
}
