using System.Runtime.InteropServices;

namespace LocalLlm.Server.Store;

/// <summary>
/// Changes of files that survive a loss of power whole or not at all: content goes to a temporary file in the same folder, that to the disk, then it takes
/// its name, then the folder goes to the disk.
/// </summary>
internal static partial class DurableFiles
{
    /// <summary>How temporary files end. They begin with a dot, which no name of a model or blob does.</summary>
    public const string TemporarySuffix = ".tmp";

    private const int ReadOnly = 0; // O_RDONLY
    private const nuint CloneRequest = 0x40049409; // FICLONE of linux/fs.h, on x86 and Arm

    /// <summary>A new path for a temporary file of a folder.</summary>
    public static string TemporaryIn(string folder) => Path.Combine(folder, $".{Guid.NewGuid():N}{TemporarySuffix}");

    /// <summary>Whether a file's name is one that <see cref="TemporaryIn"/> makes.</summary>
    public static bool IsTemporary(string name) => name.StartsWith('.') && name.EndsWith(TemporarySuffix, StringComparison.Ordinal);

    /// <summary>Gives a file new content, whether or not it was there.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        string temporary = TemporaryIn(Path.GetDirectoryName(path)!);
        try
        {
            using (FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            Rename(temporary, path);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    /// <summary>Renames a file whose content is on the disk; what had the name goes.</summary>
    public static void Rename(string from, string to)
    {
        File.Move(from, to, overwrite: true);
        SyncToDisk(Path.GetDirectoryName(to)!);
    }

    /// <summary>Makes a folder, and those above it that are missing.</summary>
    public static void CreateFolder(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }
        string? parent = Path.GetDirectoryName(path);
        if (parent is not null)
        {
            CreateFolder(parent);
        }
        Directory.CreateDirectory(path);
        if (parent is not null)
        {
            SyncToDisk(parent);
        }
    }

    /// <summary>Gives a file another name beside its own (a hard link).</summary>
    /// <returns>False where that cannot be: another disk, a file of somebody else, a file system without links.</returns>
    public static bool TryLink(string existing, string added)
    {
        try
        {
            return !OperatingSystem.IsWindows() && Link(existing, added) == 0;
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Makes a file that shares the bytes of another on the disk until either is changed, as btrfs and XFS can; it is on the disk at return.</summary>
    /// <returns>False where that cannot be: another disk or file system, another system, no right to read.</returns>
    public static bool TryClone(string existing, string added)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }
        bool isCloned = false;
        try
        {
            using FileStream source = new(existing, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            using FileStream clone = new(added, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            isCloned = Control((int)clone.SafeFileHandle.DangerousGetHandle(), CloneRequest, (int)source.SafeFileHandle.DangerousGetHandle()) == 0;
            if (isCloned)
            {
                clone.Flush(flushToDisk: true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            isCloned = false;
        }
        if (!isCloned)
        {
            TryDelete(added);
        }
        return isCloned;
    }

    /// <summary>Deletes a file if it is there and may go.</summary>
    public static bool TryDelete(string path)
    {
        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Writes a folder's entries, or a file's bytes, to the disk. Some systems and file systems refuse that for folders; there, renaming alone must do.</summary>
    public static void SyncToDisk(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        int descriptor = Open(path, ReadOnly);
        if (descriptor >= 0)
        {
            _ = Sync(descriptor);
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(int descriptor, nuint request, int argument);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string added);
}
