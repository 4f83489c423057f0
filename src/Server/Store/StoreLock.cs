using System.Diagnostics;

namespace LocalLlm.Server.Store;

/// <summary>
/// The right to change which models a store has and which blobs it drops: one holder at a time, over all processes and threads. Held for milliseconds, never
/// while bytes are fetched. The system ends it with its process, however that ends.
/// </summary>
internal sealed class StoreLock : IDisposable
{
    /// <summary>Name of the locked file in the store's folder, which stays there.</summary>
    public const string FileName = ".localllm-lock";

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

    private readonly FileStream _file;

    private StoreLock(FileStream file) => _file = file;

    /// <summary>Waits for the lock.</summary>
    /// <param name="folder">The store's folder, which exists.</param>
    /// <exception cref="StoreException">Another process has held it for a minute, or the folder cannot be written to.</exception>
    public static StoreLock Take(string folder)
    {
        string path = Path.Combine(folder, FileName);
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            if (LockedFile.TryOpen(path) is { } file)
            {
                return new StoreLock(file);
            }
            if (Stopwatch.GetElapsedTime(began) > s_patience)
            {
                throw new StoreException(StoreErrorKind.InUse, $"another process has been changing the model store for a minute: it holds '{path}'; end it, then try again");
            }
            Thread.Sleep(s_pause);
        }
    }

    /// <summary>Lets go.</summary>
    public void Dispose() => _file.Dispose();
}
