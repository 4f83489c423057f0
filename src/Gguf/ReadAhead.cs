using System.Runtime.InteropServices;

namespace LocalLlm.Gguf;

/// <summary>
/// Asks the system to read a mapped file before it is used: otherwise its pages come in the order in which a first prompt happens to touch them,
/// while the processor waits. Advice that the system is free to ignore; where there is none to give, nothing happens.
/// </summary>
internal static unsafe partial class ReadAhead
{
    private const int WillNeed = 3; // MADV_WILLNEED of Linux and macOS

    // Pages that are looked at: a file that was read before is in the page cache whole, or is missing large pieces.
    private const int Samples = 64;

    // The call may wait for the disk; between pieces it can be told to stop.
    private const long Piece = 64 << 20;

    /// <summary>Gives the advice for a whole mapping, unless its pages are in memory already.</summary>
    /// <param name="data">First byte, at a page's start.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="goesOn">Asked before every piece; false stops.</param>
    /// <returns>Bytes that the advice was given for.</returns>
    public static long Advise(byte* data, long length, Func<bool> goesOn) =>
        HasAdvice && !IsInMemory(data, length) ? AdvisePieces(data, length, goesOn) : 0;

    /// <summary>Whether the system takes such advice.</summary>
    internal static bool HasAdvice => OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();

    /// <summary>Gives the advice in any case.</summary>
    internal static long AdvisePieces(byte* data, long length, Func<bool> goesOn)
    {
        long at = 0;
        while (at < length && goesOn() && Advise(data + at, (nuint)Math.Min(Piece, length - at), WillNeed) == 0)
        {
            at += Math.Min(Piece, length - at);
        }
        return at;
    }

    /// <summary>Whether pages all over the mapping are in memory. Systems that do not tell strangers say so of every page.</summary>
    internal static bool IsInMemory(byte* data, long length)
    {
        long pages = (length + Environment.SystemPageSize - 1) / Environment.SystemPageSize;
        for (long sample = 0; sample < Samples; sample++)
        {
            byte state;
            long page = sample * pages / Samples;
            if (Residency(data + (page * Environment.SystemPageSize), 1, &state) != 0 || (state & 1) == 0)
            {
                return false;
            }
        }
        return true;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(byte* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "mincore")]
    private static partial int Residency(byte* address, nuint length, byte* states);
}
