using System.Runtime.InteropServices;

namespace LocalLlm.Server.Cli.Session.Editing;

/// <summary>The terminal of a Unix process, by the calls of POSIX (termios, read, poll). Their structures are passed on without being looked into.</summary>
internal sealed unsafe partial class UnixTerminal : ITerminal
{
    private const int StandardInput = 0;
    private const int Drain = 1; // TCSADRAIN, of Linux and macOS alike
    private const short PollIn = 1; // POLLIN
    private const int Interrupted = 4; // EINTR

    /// <summary>Larger than any system's termios (60 bytes on Linux, 72 on macOS).</summary>
    private const int TermiosBytes = 256;

    // A terminal sends a sequence at once; a slow line may part it.
    private const int SequenceMilliseconds = 50;

    private static int StopSignal => OperatingSystem.IsMacOS() ? 18 : 20; // SIGTSTP

    /// <inheritdoc/>
    public int Columns => Console.WindowWidth is > 0 and int columns ? columns : 80;

    /// <inheritdoc/>
    public int Rows => Console.WindowHeight is > 0 and int rows ? rows : 24;

    /// <summary>The terminal of this process; null if it has none whose keys can be read, such as one that knows no sequences.</summary>
    public static UnixTerminal? TryOpen(Func<string, string?> variable)
    {
        byte* settings = stackalloc byte[TermiosBytes];
        bool isCapable = variable("TERM") is { Length: > 0 } kind && kind != "dumb";
        return !OperatingSystem.IsWindows() && isCapable && GetSettings(StandardInput, settings) == 0 ? new UnixTerminal() : null;
    }

    /// <inheritdoc/>
    public IDisposable EnterRaw() => new RawMode();

    /// <inheritdoc/>
    public byte[] Read()
    {
        byte[] buffer = new byte[4096];
        while (true)
        {
            nint count;
            fixed (byte* start = buffer)
            {
                count = Read(StandardInput, start, buffer.Length);
            }
            if (count >= 0 || Marshal.GetLastPInvokeError() != Interrupted)
            {
                return buffer[..(int)Math.Max(0, count)];
            }
        }
    }

    /// <inheritdoc/>
    public bool IsMoreNear()
    {
        PollDescriptor input = new() { Descriptor = StandardInput, Events = PollIn };
        return Poll(&input, 1, SequenceMilliseconds) > 0;
    }

    /// <inheritdoc/>
    public void Suspend() => _ = Kill(0, StopSignal);

    [LibraryImport("libc", EntryPoint = "tcgetattr")]
    private static partial int GetSettings(int descriptor, byte* termios);

    [LibraryImport("libc", EntryPoint = "tcsetattr")]
    private static partial int SetSettings(int descriptor, int when, byte* termios);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void MakeRaw(byte* termios);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int descriptor, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int descriptor, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    /// <summary>Raw mode; the terminal gets its settings back when the process ends or is asked to by a signal.</summary>
    private sealed class RawMode : IDisposable
    {
        private readonly byte[] _before = new byte[TermiosBytes];
        private readonly EventHandler _atExit;
        private readonly PosixSignalRegistration[] _signals;
        private int _left;

        public RawMode()
        {
            _atExit = (_, _) => Leave();
            byte[] raw = new byte[TermiosBytes];
            fixed (byte* before = _before, settings = raw)
            {
                _ = GetSettings(StandardInput, before);
                _before.CopyTo(raw, 0);
                MakeRaw(settings);
                _ = SetSettings(StandardInput, Drain, settings);
            }
            AppDomain.CurrentDomain.ProcessExit += _atExit;
            _signals = [.. new[] { PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT }.Select(signal => PosixSignalRegistration.Create(signal, End))];
        }

        public void Dispose()
        {
            Array.ForEach(_signals, signal => signal.Dispose());
            Leave();
            AppDomain.CurrentDomain.ProcessExit -= _atExit;
        }

        /// <summary>Restores the terminal, then leaves the signal to what it does without this: it ends the process.</summary>
        private void End(PosixSignalContext context)
        {
            Leave();
            ReadOnlySpan<byte> ends = "\e[?2004l\r\n"u8; // Ansi.DoNotMarkPastes
            fixed (byte* start = ends)
            {
                _ = Write(StandardInput, start, ends.Length); // a terminal is one file for both ways
            }
        }

        private void Leave()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                fixed (byte* before = _before)
                {
                    _ = SetSettings(StandardInput, Drain, before);
                }
            }
        }
    }
}
