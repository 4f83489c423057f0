using System.Security.Cryptography;
using LocalLlm.Engine;

namespace LocalLlm.Server.Runners;

/// <summary>
/// A folder for the sockets of one server's runners, which nobody but its user may enter. A lock on a file in it says that its server lives: the
/// system gives it up however the server ends, and numbers of processes, which come again, need not be trusted. Folders without one are swept.
/// </summary>
internal sealed class RunnerFolder : IDisposable
{
    private const string Prefix = "localllm-runners-";
    private const string LockName = "server";
    private const string SocketSuffix = ".sock";

    // A folder gets its final name once it is locked; one that kept this name was left by a server that died within the few lines between.
    private const string NascentPrefix = "localllm-runners.new-";

    // sockaddr_un holds 108 bytes on Linux, 104 on BSD and macOS, with a zero at the end.
    private const int LongestSocketPath = 103;
    private const int LongestSocketName = 16;

    private readonly string _path;
    private readonly FileStream _lock;
    private int _sockets;

    private RunnerFolder(string path, FileStream held)
    {
        _path = path;
        _lock = held;
    }

    /// <summary>Where it is.</summary>
    public string FullPath => _path;

    /// <summary>Makes a folder in <c>XDG_RUNTIME_DIR</c> or the folder for temporary files, and removes what dead servers left there.</summary>
    /// <param name="variable">The value of an environment variable; null if it is not set.</param>
    /// <exception cref="TextEngineException">Neither can hold it.</exception>
    public static RunnerFolder Create(Func<string, string?> variable)
    {
        string[] parents = [.. new[] { variable("XDG_RUNTIME_DIR"), Path.GetTempPath() }.OfType<string>().Where(Path.IsPathRooted)];
        Array.ForEach(parents, Sweep);
        string trouble = "";
        foreach (string parent in parents)
        {
            if (!Directory.Exists(parent))
            {
                trouble = $"there is no folder '{parent}'";
                continue;
            }
            string path = Path.Combine(parent, Prefix + RandomNumberGenerator.GetHexString(16, lowercase: true));
            if (System.Text.Encoding.UTF8.GetByteCount(path) + 1 + LongestSocketName > LongestSocketPath)
            {
                trouble = $"the path of '{parent}' is too long for Unix sockets";
                continue;
            }
            try
            {
                return Create(path, Path.Combine(parent, NascentPrefix + Path.GetFileName(path)[Prefix.Length..]));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                trouble = exception.Message;
            }
        }
        throw new TextEngineException(
            TextEngineErrorKind.Internal,
            $"There is no folder for the sockets of model runners ({trouble}): set TMPDIR to one that can be written to, or LOCALLLM_IN_PROCESS=1 to do without runners.");
    }

    /// <summary>A path in it for the socket of another runner.</summary>
    public string NextSocket() => Path.Combine(_path, $"{Interlocked.Increment(ref _sockets)}{SocketSuffix}");

    /// <summary>Removes it; the runners should have ended.</summary>
    public void Dispose()
    {
        Remove(_path);
        _lock.Dispose();
    }

    private static RunnerFolder Create(string path, string nascent)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(nascent); // A user's temporary files are private there.
        }
        else
        {
            Directory.CreateDirectory(nascent, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        FileStream held = new(Path.Combine(nascent, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        Directory.Move(nascent, path);
        return new RunnerFolder(path, held);
    }

    private static void Sweep(string parent)
    {
        try
        {
            foreach (string path in Directory.EnumerateDirectories(parent, Prefix + "*"))
            {
                SweepOne(path);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Whether this folder can be used, its own attempt tells.
        }
    }

    private static void SweepOne(string path)
    {
        try
        {
            // Anybody may put links into a folder for temporary files.
            if (new DirectoryInfo(path).LinkTarget is null)
            {
                using FileStream held = new(Path.Combine(path, LockName), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                Remove(path);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Its server lives, or it is another user's, or is being removed by somebody else.
        }
    }

    /// <summary>Removes what servers put there and nothing else.</summary>
    private static void Remove(string path)
    {
        try
        {
            foreach (string socket in Directory.EnumerateFiles(path, "*" + SocketSuffix))
            {
                File.Delete(socket);
            }
            File.Delete(Path.Combine(path, LockName));
            Directory.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next server tries again.
        }
    }
}
