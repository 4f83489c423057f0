using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels.Assembled;

/// <summary>
/// Unpacks 32 rows of weights into the panel that the assembled kernels read: [4 partial sums, groups, block], a block being its quants
/// [8, 32 rows, 4] and its factors [32 rows] (<see cref="TileShape"/>). With 512-bit intrinsics; one thread, from the file into its second-level cache.
/// </summary>
internal static unsafe class TilePacker<TFormat>
    where TFormat : struct, IDotFormat
{
    // Rows packed at a time: those of a vector.
    private const int HalfRows = 16;

    /// <summary>Bytes of a panel of rows of so many groups.</summary>
    public static long Bytes(int groups) => (long)groups * QuantizedActivations.GroupBlocks * BlockBytes;

    /// <summary>Packs rows.</summary>
    /// <param name="product">Whose weights.</param>
    /// <param name="row">First row.</param>
    /// <param name="end">One past the last row, at most 32 further; the last row is packed again in place of missing ones.</param>
    /// <param name="panel">Where to, aligned to 64 bytes [<see cref="Bytes"/>].</param>
    public static void Pack(in IntegerProduct product, int row, int end, byte* panel)
    {
        byte* tails = stackalloc byte[4 * RowTail.Bytes];
        int wholeGroups = product.Blocks / QuantizedActivations.GroupBlocks;
        for (int v = 0; v < TileShape.Rows; v += HalfRows)
        {
            FourRows rows0 = RowTail.Rows(product.W, row + v, end - 1), rows1 = RowTail.Rows(product.W, row + v + 4, end - 1);
            FourRows rows2 = RowTail.Rows(product.W, row + v + 8, end - 1), rows3 = RowTail.Rows(product.W, row + v + 12, end - 1);
            PackGroups(rows0, rows1, rows2, rows3, 0, wholeGroups, product.Groups, panel, v, rows0.Row0 + HalfRows * product.W.RowBytes);
            if (wholeGroups < product.Groups)
            {
                PackGroups(
                    RowTail.Copy<TFormat>(rows0, product.Blocks, tails), RowTail.Copy<TFormat>(rows1, product.Blocks, tails + RowTail.Bytes),
                    RowTail.Copy<TFormat>(rows2, product.Blocks, tails + 2 * RowTail.Bytes), RowTail.Copy<TFormat>(rows3, product.Blocks, tails + 3 * RowTail.Bytes),
                    wholeGroups, product.Groups, product.Groups, panel, v, rows0.Row0 + HalfRows * product.W.RowBytes);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void PackGroups(FourRows rows0, FourRows rows1, FourRows rows2, FourRows rows3, int begin, int end, int groups, byte* panel, int v, byte* next)
    {
        int blockBytes = BlockBytes;
        nint residue = (nint)groups * blockBytes;
        int* first0 = stackalloc int[16 * 4 * 4], second0 = stackalloc int[16 * 4 * 4];
        for (int g = begin; g < end; g++)
        {
            byte* to = panel + (nint)g * blockBytes + v * sizeof(int);
            Prefetch(next + (nint)g * HalfRows * TFormat.GroupBytes);
            Quants(rows0, g, first0, second0);
            Quants(rows1, g, first0 + 16, second0 + 16);
            Quants(rows2, g, first0 + 32, second0 + 32);
            Quants(rows3, g, first0 + 48, second0 + 48);
            for (int k = 0; k < 4; k++)
            {
                Spread(first0 + 64 * k, to + k * 128, residue);
                Spread(second0 + 64 * k, to + (k + 4) * 128, residue);
            }
            Factors(rows0, rows1, rows2, rows3, g, to, residue);
            if (TFormat.HasHalfScales)
            {
                HalfScales(rows0, g, to, residue);
                HalfScales(rows1, g, to + 16, residue);
                HalfScales(rows2, g, to + 32, residue);
                HalfScales(rows3, g, to + 48, residue);
            }
        }
    }

    /// <summary>
    /// Asks for as many bytes as a group of the rows at hand has, of the rows to come: sixteen streams are more than processors follow by themselves.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* next)
    {
        for (int at = 0; at < HalfRows * TFormat.GroupBytes; at += 64)
        {
            Sse.Prefetch1(next + at);
        }
    }

    /// <summary>Bytes of a block of 32 rows; a constant of the compiled code.</summary>
    public static int BlockBytes => TileShape.QuantBytes + TileShape.VectorPair * (1 + (TFormat.HasMinimums ? 1 : 0) + (TFormat.HasHalfScales ? 2 : 0));

    /// <summary>Unpacks four rows of a group and gathers what four consecutive quants k of theirs are: to[64 k ..] = [4 blocks, 4 rows].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quants(FourRows rows, int group, int* first, int* second)
    {
        TFormat.Unpack(rows.Row0, group, out Vector512<byte> a0, out Vector512<byte> b0);
        TFormat.Unpack(rows.Row1, group, out Vector512<byte> a1, out Vector512<byte> b1);
        TFormat.Unpack(rows.Row2, group, out Vector512<byte> a2, out Vector512<byte> b2);
        TFormat.Unpack(rows.Row3, group, out Vector512<byte> a3, out Vector512<byte> b3);
        Transpose(Unsigned(a0), Unsigned(a1), Unsigned(a2), Unsigned(a3), first);
        Transpose(Unsigned(b0), Unsigned(b1), Unsigned(b2), Unsigned(b3), second);
    }

    /// <summary>Signed quants become unsigned by adding 128.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Unsigned(Vector512<byte> quants) =>
        (TFormat.IsSigned ? quants ^ Vector512.Create((byte)0x80) : quants).AsInt32();

    /// <summary>Within each lane (block), from [4 rows][4 k] to [4 k][4 rows].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(Vector512<int> r0, Vector512<int> r1, Vector512<int> r2, Vector512<int> r3, int* to)
    {
        Vector512<long> low01 = Avx512F.UnpackLow(r0, r1).AsInt64(), high01 = Avx512F.UnpackHigh(r0, r1).AsInt64();
        Vector512<long> low23 = Avx512F.UnpackLow(r2, r3).AsInt64(), high23 = Avx512F.UnpackHigh(r2, r3).AsInt64();
        Avx512F.UnpackLow(low01, low23).AsInt32().Store(to);
        Avx512F.UnpackHigh(low01, low23).AsInt32().Store(to + 64);
        Avx512F.UnpackLow(high01, high23).AsInt32().Store(to + 128);
        Avx512F.UnpackHigh(high01, high23).AsInt32().Store(to + 192);
    }

    /// <summary>From four times [4 blocks, 4 rows] to a vector of 16 rows for each block, stored at the places of the four blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Spread(int* from, byte* to, nint residue) =>
        Spread(Vector512.Load(from), Vector512.Load(from + 16), Vector512.Load(from + 32), Vector512.Load(from + 48), to, residue);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Spread(Vector512<int> q0, Vector512<int> q1, Vector512<int> q2, Vector512<int> q3, byte* to, nint residue)
    {
        Vector512<int> low01 = Avx512F.Shuffle4x128(q0, q1, 0b01_00_01_00), high01 = Avx512F.Shuffle4x128(q0, q1, 0b11_10_11_10);
        Vector512<int> low23 = Avx512F.Shuffle4x128(q2, q3, 0b01_00_01_00), high23 = Avx512F.Shuffle4x128(q2, q3, 0b11_10_11_10);
        Avx512F.Shuffle4x128(low01, low23, 0b10_00_10_00).Store((int*)to);
        Avx512F.Shuffle4x128(low01, low23, 0b11_01_11_01).Store((int*)(to + residue));
        Avx512F.Shuffle4x128(high01, high23, 0b10_00_10_00).Store((int*)(to + 2 * residue));
        Avx512F.Shuffle4x128(high01, high23, 0b11_01_11_01).Store((int*)(to + 3 * residue));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Factors(FourRows rows0, FourRows rows1, FourRows rows2, FourRows rows3, int group, byte* to, nint residue)
    {
        TFormat.Factors(rows0, group, out Vector512<float> s0, out Vector512<float> m0);
        TFormat.Factors(rows1, group, out Vector512<float> s1, out Vector512<float> m1);
        TFormat.Factors(rows2, group, out Vector512<float> s2, out Vector512<float> m2);
        TFormat.Factors(rows3, group, out Vector512<float> s3, out Vector512<float> m3);
        Spread(s0.AsInt32(), s1.AsInt32(), s2.AsInt32(), s3.AsInt32(), to + TileShape.ScaleOffset, residue);
        if (TFormat.HasMinimums)
        {
            Spread(m0.AsInt32(), m1.AsInt32(), m2.AsInt32(), m3.AsInt32(), to + TileShape.SecondOffset, residue);
        }
    }

    /// <summary>The integer scales of four rows' half blocks, as float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void HalfScales(FourRows rows, int group, byte* to, nint residue)
    {
        // Each is [block 0 or 2: first, second; block 1 or 3: first, second], the even blocks in the lower lane.
        Vector256<int> r0 = HalfScales(rows.Row0, group), r1 = HalfScales(rows.Row1, group), r2 = HalfScales(rows.Row2, group), r3 = HalfScales(rows.Row3, group);
        Vector256<long> low01 = Avx2.UnpackLow(r0, r1).AsInt64(), high01 = Avx2.UnpackHigh(r0, r1).AsInt64();
        Vector256<long> low23 = Avx2.UnpackLow(r2, r3).AsInt64(), high23 = Avx2.UnpackHigh(r2, r3).AsInt64();
        StoreHalves(Avx2.UnpackLow(low01, low23), to + TileShape.SecondOffset, residue);
        StoreHalves(Avx2.UnpackHigh(low01, low23), to + TileShape.ThirdOffset, residue);
        StoreHalves(Avx2.UnpackLow(high01, high23), to + residue + TileShape.SecondOffset, residue);
        StoreHalves(Avx2.UnpackHigh(high01, high23), to + residue + TileShape.ThirdOffset, residue);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> HalfScales(byte* row, int group) =>
        Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(TFormat.HalfScales(row, group))).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreHalves(Vector256<long> scales, byte* to, nint residue)
    {
        scales.GetLower().Store((long*)to);
        scales.GetUpper().Store((long*)(to + 2 * residue));
    }
}
