using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels;

/// <summary>Turns the keys of a head on their side: from a row for each key to a row for each of their numbers.</summary>
internal static unsafe class KeyTurn
{
    private const int Block = 8;

    /// <summary>Writes keys as [width, padded]. Past the last key, that one again.</summary>
    /// <param name="keys">First number of the first key.</param>
    /// <param name="stride">Numbers from a key to the next.</param>
    /// <param name="count">Keys.</param>
    /// <param name="width">Numbers of a key.</param>
    /// <param name="padded">Keys to write, a multiple of thirty-two: whole pairs of the widest vectors.</param>
    /// <param name="turned">Result.</param>
    /// <param name="vectors">Whether the processor may use 256-bit instructions.</param>
    public static void Run(float* keys, int stride, int count, int width, int padded, float* turned, bool vectors)
    {
        int whole = vectors ? width / Block * Block : 0;
        if (whole > 0)
        {
            Blocks(keys, stride, count, whole, padded, turned);
        }
        for (int d = whole; d < width; d++)
        {
            float* row = turned + ((long)d * padded);
            for (int j = 0; j < padded; j++)
            {
                row[j] = keys[((long)Math.Min(j, count - 1) * stride) + d];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Blocks(float* keys, int stride, int count, int width, int padded, float* turned)
    {
        float** rows = stackalloc float*[Block];
        for (int j = 0; j < padded; j += Block)
        {
            for (int r = 0; r < Block; r++)
            {
                rows[r] = keys + ((long)Math.Min(j + r, count - 1) * stride);
            }
            for (int d = 0; d < width; d += Block)
            {
                EightByEight(rows, d, turned + ((long)d * padded) + j, padded);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EightByEight(float** rows, int d, float* to, int stride)
    {
        // Rows r and r + 4 side by side: what is turned within the lanes of 128 bits is then in order.
        Vector256<float> r0 = Pair(rows[0], rows[4], d), r1 = Pair(rows[1], rows[5], d), r2 = Pair(rows[2], rows[6], d), r3 = Pair(rows[3], rows[7], d);
        FourByFour(r0, r1, r2, r3, to, stride);
        r0 = Pair(rows[0], rows[4], d + 4);
        r1 = Pair(rows[1], rows[5], d + 4);
        r2 = Pair(rows[2], rows[6], d + 4);
        r3 = Pair(rows[3], rows[7], d + 4);
        FourByFour(r0, r1, r2, r3, to + (4L * stride), stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Pair(float* low, float* high, int d) =>
        Avx.InsertVector128(Vector128.Load(low + d).ToVector256Unsafe(), Vector128.Load(high + d), 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourByFour(Vector256<float> r0, Vector256<float> r1, Vector256<float> r2, Vector256<float> r3, float* to, int stride)
    {
        Vector256<double> low01 = Avx.UnpackLow(r0, r1).AsDouble(), high01 = Avx.UnpackHigh(r0, r1).AsDouble();
        Vector256<double> low23 = Avx.UnpackLow(r2, r3).AsDouble(), high23 = Avx.UnpackHigh(r2, r3).AsDouble();
        Avx.UnpackLow(low01, low23).AsSingle().Store(to);
        Avx.UnpackHigh(low01, low23).AsSingle().Store(to + stride);
        Avx.UnpackLow(high01, high23).AsSingle().Store(to + (2L * stride));
        Avx.UnpackHigh(high01, high23).AsSingle().Store(to + (3L * stride));
    }
}
