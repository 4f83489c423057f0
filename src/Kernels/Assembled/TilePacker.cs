using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using LocalLlm.Gguf;
using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels.Assembled;

/// <summary>
/// Unpacks 32 rows of weights into the panel that the assembled kernels read: [4 partial sums, groups, block], a block being its quants
/// [8, 32 rows, 4] and its factors [32 rows] (<see cref="TileShape"/>). With 512-bit intrinsics; one thread, from the file into its second-level cache.
/// </summary>
internal static unsafe class TilePacker<TFormat>
    where TFormat : struct, IDotFormat
{
    // Bytes for what is copied of a row: the largest block of 32 weights takes 34 bytes, of which there are four; the largest super-block, 210.
    private const int CopyBytes = 256;

    /// <summary>Bytes of a panel of rows of so many groups.</summary>
    public static long Bytes(int groups) => (long)groups * QuantizedActivations.GroupBlocks * BlockBytes;

    /// <summary>Bytes of a block of 32 rows; a constant of the compiled code.</summary>
    public static int BlockBytes => TileShape.QuantBytes + TileShape.VectorPair * (1 + (TFormat.HasMinimums ? 1 : 0) + (TFormat.HasHalfScales ? 2 : 0));

    /// <summary>Packs rows.</summary>
    /// <param name="product">Whose weights.</param>
    /// <param name="row">First row.</param>
    /// <param name="end">One past the last row, at most 32 further; the last row is packed again in place of missing ones.</param>
    /// <param name="panel">Where to, aligned to 64 bytes [<see cref="Bytes"/>].</param>
    public static void Pack(in IntegerProduct product, int row, int end, byte* panel)
    {
        for (int v = 0; v < TileShape.Rows; v += SixteenRows.Count)
        {
            // Rows of the file as they are, where there are sixteen, and whole groups.
            int direct = row + v + SixteenRows.Count <= end ? product.Blocks / QuantizedActivations.GroupBlocks : 0;
            byte* to = panel + v * sizeof(int);
            PackGroups(new(product.W.Row(row + v), (nint)product.W.RowBytes), 0, direct, product.Groups, to, product.W.Row(row + v + SixteenRows.Count));
            for (int g = direct; g < product.Groups; g++)
            {
                PackCopy(product.W, row + v, end - 1, g, product.Groups, to);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void PackGroups(SixteenRows rows, int begin, int end, int groups, byte* panel, byte* next)
    {
        int blockBytes = BlockBytes;
        nint residue = (nint)groups * blockBytes;
        for (int g = begin; g < end; g++)
        {
            Prefetch(next + (nint)g * SixteenRows.Count * TFormat.GroupBytes);
            TFormat.Pack(rows, g, new(panel + (nint)g * blockBytes, residue));
        }
    }

    /// <summary>
    /// Asks for as many bytes as a group of the rows at hand has, of the rows to come: sixteen streams are more than processors follow by themselves.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* next)
    {
        for (int at = 0; at < SixteenRows.Count * TFormat.GroupBytes; at += 64)
        {
            Sse.Prefetch1(next + at);
        }
    }

    /// <summary>
    /// Packs a group of which not all may be read: from copies of the rows, the last one in place of missing ones, completed with zero blocks. Together with
    /// the padding of the activations (scale -0) these add <c>0 * -0</c>, which changes no sum.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void PackCopy(in WeightMatrix w, int row, int last, int group, int groups, byte* panel)
    {
        // Four blocks, or the super-block that the group is in.
        bool super = GgmlTypes.BlockLength(TFormat.Type) > QuantizedActivations.GroupLength;
        long unit = super ? 2 * TFormat.GroupBytes : TFormat.GroupBytes, offset = (super ? group / 2 : group) * unit;
        uint bytes = (uint)Math.Min(unit, w.RowBytes - offset);
        byte* copies = stackalloc byte[SixteenRows.Count * CopyBytes];
        for (int r = 0; r < SixteenRows.Count; r++)
        {
            Unsafe.InitBlock(copies + r * CopyBytes, 0, CopyBytes);
            Unsafe.CopyBlock(copies + r * CopyBytes, w.Row(Math.Min(row + r, last)) + offset, bytes);
        }
        PackGroups(new(copies - offset, CopyBytes), group, group + 1, groups, panel, w.Row(last));
    }
}
