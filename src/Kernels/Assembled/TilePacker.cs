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
        int direct = DirectGroups(product, row, end);
        PackGroups(new(product.W.Row(row), (nint)product.W.RowBytes), 0, direct, product.Groups, panel, product.W.Row(row + TileShape.Rows));
        for (int block = product.Blocks; block < direct * QuantizedActivations.GroupBlocks; block++)
        {
            Clear(panel + (nint)(block % QuantizedActivations.GroupBlocks * product.Groups + block / QuantizedActivations.GroupBlocks) * BlockBytes);
        }
        for (int g = direct; g < product.Groups; g++)
        {
            PackCopy(product.W, row, end - 1, g, product.Groups, panel);
        }
    }

    /// <summary>
    /// Groups whose bytes may be read from the rows as they are: none if rows are missing. An incomplete group is followed by blocks of the next row, and if
    /// there is one after the last of these rows, they can be read and thrown away; rows of a whole group are long enough.
    /// </summary>
    private static int DirectGroups(in IntegerProduct product, int row, int end)
    {
        int whole = product.Blocks / QuantizedActivations.GroupBlocks;
        return row + TileShape.Rows > end ? 0
            : whole > 0 && row + TileShape.Rows < product.W.Rows ? product.Groups
            : whole;
    }

    /// <summary>
    /// A block of zeros, what completes a group. Together with the padding of the activations (scale -0) it adds <c>0 * -0</c>, which changes no sum.
    /// </summary>
    private static void Clear(byte* block)
    {
        Unsafe.InitBlock(block, (byte)(TFormat.IsSigned ? 0x80 : 0), TileShape.QuantBytes);
        Unsafe.InitBlock(block + TileShape.QuantBytes, 0, (uint)(BlockBytes - TileShape.QuantBytes));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void PackGroups(SixteenRows rows, int begin, int end, int groups, byte* panel, byte* next)
    {
        int blockBytes = BlockBytes;
        nint residue = (nint)groups * blockBytes;
        for (int g = begin; g < end; g++)
        {
            Prefetch(next + (nint)g * TileShape.Rows * TFormat.GroupBytes);
            byte* to = panel + (nint)g * blockBytes;
            TFormat.Pack(rows, g, new(to, residue));
            TFormat.Pack(rows.Next, g, new(to + SixteenRows.Count * sizeof(int), residue));
        }
    }

    /// <summary>
    /// Asks for as many bytes as a group of the rows at hand has, of the rows to come: thirty-two streams are more than processors follow by themselves.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* next)
    {
        // Four at a time: the loop would take longer than what it asks for.
        for (byte* end = next + TileShape.Rows * TFormat.GroupBytes; next < end; next += 256)
        {
            Sse.Prefetch1(next);
            Sse.Prefetch1(next + 64);
            Sse.Prefetch1(next + 128);
            Sse.Prefetch1(next + 192);
        }
    }

    /// <summary>
    /// Packs a group of which not all may be read: from copies of the rows, the last one in place of missing ones, completed with zero blocks as by
    /// <see cref="Clear"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void PackCopy(in WeightMatrix w, int row, int last, int group, int groups, byte* panel)
    {
        // Four blocks, or the super-block that the group is in.
        bool super = GgmlTypes.BlockLength(TFormat.Type) > QuantizedActivations.GroupLength;
        long unit = super ? 2 * TFormat.GroupBytes : TFormat.GroupBytes, offset = (super ? group / 2 : group) * unit;
        uint bytes = (uint)Math.Min(unit, w.RowBytes - offset);
        byte* copies = stackalloc byte[TileShape.Rows * CopyBytes];
        for (int r = 0; r < TileShape.Rows; r++)
        {
            Unsafe.InitBlock(copies + r * CopyBytes, 0, CopyBytes);
            Unsafe.CopyBlock(copies + r * CopyBytes, w.Row(Math.Min(row + r, last)) + offset, bytes);
        }
        PackGroups(new(copies - offset, CopyBytes), group, group + 1, groups, panel, w.Row(last));
    }
}
