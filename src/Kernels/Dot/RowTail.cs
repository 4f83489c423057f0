using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LocalLlm.Kernels.Dot;

/// <summary>What remains where rows do not come in fours, and blocks not in groups of four.</summary>
internal static unsafe class RowTail
{
    // Three blocks remain at most, but a group of four is read. The largest block of 32 weights takes 34 bytes.
    private const int GroupBytes = 4 * 40;

    /// <summary>Bytes that <see cref="Copy"/> needs.</summary>
    public const int Bytes = 4 * GroupBytes;

    /// <summary>Four rows from <paramref name="row"/> on; past <paramref name="last"/>, that one again.</summary>
    public static FourRows Rows(in WeightMatrix w, int row, int last) =>
        new(w.Row(Math.Min(row, last)), w.Row(Math.Min(row + 1, last)), w.Row(Math.Min(row + 2, last)), w.Row(Math.Min(row + 3, last)));

    /// <summary>
    /// Rows of which only the last, incomplete group may be read: copies, completed with zero blocks. Together with the padding of the
    /// activations (scale -0) these add <c>0 * -0</c>, which changes no sum.
    /// </summary>
    /// <param name="rows">The rows.</param>
    /// <param name="blocks">Blocks of 32 in a row.</param>
    /// <param name="memory">Where to copy to [<see cref="Bytes"/>].</param>
    public static FourRows Copy<TFormat>(FourRows rows, int blocks, byte* memory)
        where TFormat : struct, IDotFormat
    {
        int remaining = blocks % 4;
        if (remaining == 0)
        {
            return rows;
        }
        // Super-blocks are whole groups, so these blocks are of 32.
        uint bytes = (uint)(TFormat.GroupBytes / 4 * remaining);
        long offset = (long)(blocks / 4) * TFormat.GroupBytes;
        Unsafe.InitBlock(memory, 0, Bytes);
        byte* start = memory - offset;
        Unsafe.CopyBlock(start + offset, rows.Row0 + offset, bytes);
        Unsafe.CopyBlock(start + GroupBytes + offset, rows.Row1 + offset, bytes);
        Unsafe.CopyBlock(start + 2 * GroupBytes + offset, rows.Row2 + offset, bytes);
        Unsafe.CopyBlock(start + 3 * GroupBytes + offset, rows.Row3 + offset, bytes);
        return new(start, start + GroupBytes, start + 2 * GroupBytes, start + 3 * GroupBytes);
    }

    /// <summary>Stores the results of four rows for one token, those from <paramref name="end"/> on left out.</summary>
    public static void Store(in IntegerProduct product, int token, int row, int end, Vector128<float> dots)
    {
        float* each = stackalloc float[4];
        dots.Store(each);
        for (int i = 0; i < Math.Min(4, end - row); i++)
        {
            product.Store(token, row + i, each[i]);
        }
    }
}
