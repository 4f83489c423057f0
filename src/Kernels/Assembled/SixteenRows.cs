using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Assembled;

/// <summary>Sixteen rows of weights, equally far apart, as columns: vectors that have the same four bytes of each row.</summary>
/// <param name="row0">Where row 0 begins, or a place in it.</param>
/// <param name="stride">Bytes from a row to the next.</param>
internal readonly unsafe struct SixteenRows(byte* row0, nint stride)
{
    /// <summary>Rows of a vector.</summary>
    public const int Count = 16;

    private readonly byte* _row0 = row0;
    private readonly nint _stride = stride;

    /// <summary>The same rows, so many bytes further on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public SixteenRows At(nint offset) => new(_row0 + offset, _stride);

    /// <summary>The sixteen rows that follow.</summary>
    public SixteenRows Next
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => At(Count * _stride);
    }

    /// <summary>Four bytes of each row.</summary>
    /// <param name="offset">Which.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<int> Column(nint offset)
    {
        byte* at = _row0 + offset;
        return Vector512.Create(
            Vector256.Create(Column4(at), Column4(at + 4 * _stride)), Vector256.Create(Column4(at + 8 * _stride), Column4(at + 12 * _stride)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector128<int> Column4(byte* at) =>
        Vector128.Create(*(int*)at, *(int*)(at + _stride), *(int*)(at + 2 * _stride), *(int*)(at + 3 * _stride));

    /// <summary>Sixteen consecutive bytes of each row, transposed.</summary>
    /// <param name="offset">Which.</param>
    /// <param name="c0">Bytes 0 to 3 of each row.</param>
    /// <param name="c1">Bytes 4 to 7.</param>
    /// <param name="c2">Bytes 8 to 11.</param>
    /// <param name="c3">Bytes 12 to 15.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Columns(nint offset, out Vector512<int> c0, out Vector512<int> c1, out Vector512<int> c2, out Vector512<int> c3)
    {
        // Loaded so that transposing within the lanes puts the rows in order: lane l takes row 4 l + i.
        byte* at = _row0 + offset;
        Transpose(EachFourth(at), EachFourth(at + _stride), EachFourth(at + 2 * _stride), EachFourth(at + 3 * _stride), out c0, out c1, out c2, out c3);
    }

    /// <summary>Thirty-two consecutive bytes of each row, transposed; with fewer loads and shuffles than twice sixteen.</summary>
    /// <param name="offset">Which.</param>
    /// <param name="c0">Bytes 0 to 3 of each row.</param>
    /// <param name="c1">Bytes 4 to 7.</param>
    /// <param name="c2">Bytes 8 to 11.</param>
    /// <param name="c3">Bytes 12 to 15.</param>
    /// <param name="c4">Bytes 16 to 19.</param>
    /// <param name="c5">Bytes 20 to 23.</param>
    /// <param name="c6">Bytes 24 to 27.</param>
    /// <param name="c7">Bytes 28 to 31.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Columns(
        nint offset, out Vector512<int> c0, out Vector512<int> c1, out Vector512<int> c2, out Vector512<int> c3,
        out Vector512<int> c4, out Vector512<int> c5, out Vector512<int> c6, out Vector512<int> c7)
    {
        // Rows i and i + 4 in a vector: transposed within the lanes, even lanes are columns 0 to 3, odd lanes 4 to 7, of eight rows in order.
        byte* at = _row0 + offset, from8 = at + 8 * _stride;
        Transpose(
            Pair(at), Pair(at + _stride), Pair(at + 2 * _stride), Pair(at + 3 * _stride),
            out Vector512<int> a0, out Vector512<int> a1, out Vector512<int> a2, out Vector512<int> a3);
        Transpose(
            Pair(from8), Pair(from8 + _stride), Pair(from8 + 2 * _stride), Pair(from8 + 3 * _stride),
            out Vector512<int> b0, out Vector512<int> b1, out Vector512<int> b2, out Vector512<int> b3);
        const byte Even = 0b10_00_10_00, Odd = 0b11_01_11_01;
        c0 = Avx512F.Shuffle4x128(a0, b0, Even);
        c1 = Avx512F.Shuffle4x128(a1, b1, Even);
        c2 = Avx512F.Shuffle4x128(a2, b2, Even);
        c3 = Avx512F.Shuffle4x128(a3, b3, Even);
        c4 = Avx512F.Shuffle4x128(a0, b0, Odd);
        c5 = Avx512F.Shuffle4x128(a1, b1, Odd);
        c6 = Avx512F.Shuffle4x128(a2, b2, Odd);
        c7 = Avx512F.Shuffle4x128(a3, b3, Odd);
    }

    /// <summary>Within each lane, from [4 rows][4 integers] to [4 integers][4 rows].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(
        Vector512<int> r0, Vector512<int> r1, Vector512<int> r2, Vector512<int> r3,
        out Vector512<int> c0, out Vector512<int> c1, out Vector512<int> c2, out Vector512<int> c3)
    {
        Vector512<long> low01 = Avx512F.UnpackLow(r0, r1).AsInt64(), high01 = Avx512F.UnpackHigh(r0, r1).AsInt64();
        Vector512<long> low23 = Avx512F.UnpackLow(r2, r3).AsInt64(), high23 = Avx512F.UnpackHigh(r2, r3).AsInt64();
        c0 = Avx512F.UnpackLow(low01, low23).AsInt32();
        c1 = Avx512F.UnpackHigh(low01, low23).AsInt32();
        c2 = Avx512F.UnpackLow(high01, high23).AsInt32();
        c3 = Avx512F.UnpackHigh(high01, high23).AsInt32();
    }

    /// <summary>Thirty-two bytes of a row and of the one four further.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<int> Pair(byte* at) =>
        Avx512F.InsertVector256(Vector256.Load((int*)at).ToVector512Unsafe(), Vector256.Load((int*)(at + 4 * _stride)), 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<int> EachFourth(byte* at)
    {
        Vector512<int> rows = Vector128.Load((int*)at).ToVector256Unsafe().ToVector512Unsafe();
        rows = Avx512F.InsertVector128(rows, Vector128.Load((int*)(at + 4 * _stride)), 1);
        rows = Avx512F.InsertVector128(rows, Vector128.Load((int*)(at + 8 * _stride)), 2);
        return Avx512F.InsertVector128(rows, Vector128.Load((int*)(at + 12 * _stride)), 3);
    }
}
