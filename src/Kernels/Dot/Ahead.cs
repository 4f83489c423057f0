using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>
/// Prefetching of weights. The processor's own prefetchers follow one stream of even steps well, but four rows at a time are four
/// streams, and a group in a super-block is now 64, now 80 bytes after the last one: without help such a format
/// reached a quarter of the memory's speed.
/// </summary>
internal static unsafe class Ahead
{
    private const int Line = 64;

    /// <summary>Asks for memory that will be read once, some microseconds later: into the second-level cache.</summary>
    /// <param name="begin">First byte.</param>
    /// <param name="end">One past the last byte; nothing is asked for where it lies before the first.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(byte* begin, byte* end)
    {
        for (; Sse.IsSupported && begin < end; begin += Line)
        {
            Sse.Prefetch1(begin);
        }
    }

    /// <summary>
    /// Asks for a part of the next four rows, which follow the present ones in memory: as many bytes as a step over one group of four rows consumes.
    /// Past the end of the matrix it asks for nothing that is used; a prefetch never faults.
    /// </summary>
    /// <param name="next">Start of the next four rows.</param>
    /// <param name="group">The group that is being read.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch<TFormat>(byte* next, int group)
        where TFormat : struct, IDotFormat
    {
        byte* p = next + (nint)group * 4 * TFormat.GroupBytes;
        Sse.Prefetch0(p);
        Sse.Prefetch0(p + Line);
        Sse.Prefetch0(p + 2 * Line);
        Sse.Prefetch0(p + 3 * Line);
        Sse.Prefetch0(p + 4 * Line);
        if (4 * TFormat.GroupBytes > 5 * Line)
        {
            Sse.Prefetch0(p + 5 * Line);
        }
        if (4 * TFormat.GroupBytes > 6 * Line)
        {
            Sse.Prefetch0(p + 6 * Line);
        }
        if (4 * TFormat.GroupBytes > 7 * Line)
        {
            Sse.Prefetch0(p + 7 * Line);
            Sse.Prefetch0(p + 8 * Line);
        }
    }
}
