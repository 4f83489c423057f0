using System.ComponentModel;
using System.Runtime.InteropServices;

namespace LocalLlm.Server.Cli;

/// <summary>
/// How a server that another command started leaves that command's terminal and pipes: it becomes the leader of a session of its own, so that neither Ctrl-C
/// nor the end of the terminal reaches it, reads nothing, and writes to a log.
/// </summary>
internal static partial class Detachment
{
    /// <summary>The option of <c>serve</c> that asks for it; it must stand first. Its value is the path of the log.</summary>
    public const string Option = "--detached";

    private const int StandardInput = 0, StandardOutput = 1, StandardError = 2;
    private const int WindowsOutput = -11, WindowsError = -12; // STD_OUTPUT_HANDLE, STD_ERROR_HANDLE

    private const uint CloseOnExec = 4; // CLOSE_RANGE_CLOEXEC of linux/close_range.h

    private static FileStream? s_log; // where the standard streams are handles, they live as long as this

    /// <summary>Detaches, if the words of the command line ask for it. To be called before anything uses the console.</summary>
    /// <exception cref="IOException">The log cannot be written.</exception>
    public static void BeginIfAsked(IReadOnlyList<string> args)
    {
        if (args is not ["serve", Option, { } log, ..])
        {
            return;
        }
        FileStream file = new(log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        if (OperatingSystem.IsWindows())
        {
            _ = SetStdHandle(WindowsOutput, file.SafeFileHandle);
            _ = SetStdHandle(WindowsError, file.SafeFileHandle);
            s_log = file;
            return;
        }
        _ = SetSession(); // refused to a leader of a group, which needs none
        using FileStream nothing = new("/dev/null", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        Replace(StandardInput, nothing);
        Replace(StandardOutput, file);
        Replace(StandardError, file);
        file.Dispose();
    }

    /// <summary>
    /// Keeps what this process was given besides the standard streams (a lock of a script, a job server's pipe) from a server that it starts and that outlives
    /// it. Where the system cannot (before Linux 5.11, or not Linux), the server gets them.
    /// </summary>
    public static void KeepDescriptors()
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                _ = CloseRange(StandardError + 1, uint.MaxValue, CloseOnExec);
            }
            catch (EntryPointNotFoundException)
            {
                // A C library of before that time.
            }
        }
    }

    private static void Replace(int descriptor, FileStream file)
    {
        if (Duplicate((int)file.SafeFileHandle.DangerousGetHandle(), descriptor) < 0)
        {
            throw new IOException($"'{file.Name}' cannot take the place of a standard stream: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }
    }

    [LibraryImport("libc", EntryPoint = "setsid")]
    private static partial int SetSession();

    [LibraryImport("libc", EntryPoint = "close_range")]
    private static partial int CloseRange(uint first, uint last, uint flags);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Duplicate(int from, int to);

    [LibraryImport("kernel32", EntryPoint = "SetStdHandle")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetStdHandle(int which, SafeHandle handle);
}
