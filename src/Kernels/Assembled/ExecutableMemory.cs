using System.Runtime.InteropServices;

namespace LocalLlm.Kernels.Assembled;

/// <summary>
/// Memory for code made at run time. It is writable first and executable after, never both: a system that forbids such pages altogether
/// (SELinux <c>execmem</c>, a seccomp filter) refuses, and the caller goes on without.
/// </summary>
internal static unsafe partial class ExecutableMemory
{
    // mman.h: the same numbers on Linux and macOS but for MAP_ANONYMOUS.
    private const int ProtRead = 1, ProtWrite = 2, ProtExec = 4, MapPrivate = 2, MapAnonymousLinux = 0x20, MapAnonymousMac = 0x1000;

    /// <summary>Why memory for code can't be had, a piece of a sentence; empty if it can. Tried once, with a page that does nothing.</summary>
    // C3 is ret.
    public static string Refusal { get; } = TryPublish([0xC3], out _, out string refusal) ? "" : refusal;

    /// <summary>Copies code to pages of its own and makes them executable. They stay until the process ends.</summary>
    /// <param name="code">Position-independent code.</param>
    /// <param name="address">Where it starts, at a page.</param>
    /// <param name="refusal">Why it could not be had, a piece of a sentence; empty if it could.</param>
    /// <returns>True if the code can be called.</returns>
    public static bool TryPublish(ReadOnlySpan<byte> code, out byte* address, out string refusal)
    {
        address = null;
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            refusal = "code is assembled at run time on Linux and macOS only";
            return false;
        }
        nuint length = (nuint)code.Length;
        nint pages = Map(0, length, ProtRead | ProtWrite, MapPrivate | (OperatingSystem.IsLinux() ? MapAnonymousLinux : MapAnonymousMac), -1, 0);
        if (pages == -1)
        {
            refusal = $"no memory for code: {Marshal.GetLastPInvokeErrorMessage()}";
            return false;
        }
        code.CopyTo(new Span<byte>((void*)pages, code.Length));
        if (Protect(pages, length, ProtRead | ProtExec) != 0)
        {
            refusal = $"memory may not be made executable: {Marshal.GetLastPInvokeErrorMessage()}";
            _ = Unmap(pages, length);
            return false;
        }
        address = (byte*)pages;
        refusal = "";
        return true;
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nuint length);
}
