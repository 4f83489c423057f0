using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>Multiplication of unsigned by signed bytes in 256 bits: where <see cref="SimdLevel.Avx2"/> and <see cref="SimdLevel.AvxVnni"/> differ.</summary>
internal interface IByteDot
{
    /// <summary>Sums of products of one half of a block each, four int32 to each block.</summary>
    /// <param name="first">First halves, magnitudes.</param>
    /// <param name="second">Second halves, magnitudes.</param>
    /// <param name="xFirst">Activations of the first halves.</param>
    /// <param name="xSecond">Activations of the second halves.</param>
    static abstract Vector256<int> Sums<TFormat>(Vector256<byte> first, Vector256<byte> second, Vector256<sbyte> xFirst, Vector256<sbyte> xSecond)
        where TFormat : struct, IDotFormat;

    /// <summary>The same, with each half's sum multiplied by an integer scale; quants are at most 63.</summary>
    /// <param name="first">First halves, magnitudes.</param>
    /// <param name="second">Second halves, magnitudes.</param>
    /// <param name="xFirst">Activations of the first halves.</param>
    /// <param name="xSecond">Activations of the second halves.</param>
    /// <param name="firstScales">Scale of each first half, in all words of its lane.</param>
    /// <param name="secondScales">Scale of each second half.</param>
    static abstract Vector256<int> ScaledSums(
        Vector256<byte> first, Vector256<byte> second, Vector256<sbyte> xFirst, Vector256<sbyte> xSecond, Vector256<short> firstScales, Vector256<short> secondScales);
}

/// <summary>Products of bytes by <c>vpmaddubsw</c>, which adds two of them into an int16.</summary>
/// <remarks>
/// At most 2 * 128 * 127 = 32,512 for Q8_0, so nothing saturates (activations are never -128). Where four such products fit too (quants up to
/// 63: 4 * 63 * 127 = 32,004), the two halves are added before widening.
/// </remarks>
internal readonly struct Avx2ByteDot : IByteDot
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Sums<TFormat>(Vector256<byte> first, Vector256<byte> second, Vector256<sbyte> xFirst, Vector256<sbyte> xSecond)
        where TFormat : struct, IDotFormat
    {
        Vector256<short> a = Avx2.MultiplyAddAdjacent(first, xFirst), b = Avx2.MultiplyAddAdjacent(second, xSecond), ones = Vector256<short>.One;
        return 4 * TFormat.LargestQuant * 127 <= short.MaxValue
            ? Avx2.MultiplyAddAdjacent(a + b, ones)
            : Avx2.MultiplyAddAdjacent(a, ones) + Avx2.MultiplyAddAdjacent(b, ones);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ScaledSums(
        Vector256<byte> first, Vector256<byte> second, Vector256<sbyte> xFirst, Vector256<sbyte> xSecond, Vector256<short> firstScales, Vector256<short> secondScales) =>
        Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(first, xFirst), firstScales)
        + Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(second, xSecond), secondScales);
}

/// <summary>Products of bytes by <c>vpdpbusd</c>, which adds four of them into an int32.</summary>
internal readonly struct AvxVnniByteDot : IByteDot
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Sums<TFormat>(Vector256<byte> first, Vector256<byte> second, Vector256<sbyte> xFirst, Vector256<sbyte> xSecond)
        where TFormat : struct, IDotFormat
        => AvxVnni.MultiplyWideningAndAdd(AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, first, xFirst), second, xSecond);

    /// <inheritdoc/>
    /// <remarks>A sum of four products is at most 4 * 63 * 127 = 32,004, so its lower word is the whole of it, and the upper word is multiplied by 0.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ScaledSums(
        Vector256<byte> first, Vector256<byte> second, Vector256<sbyte> xFirst, Vector256<sbyte> xSecond, Vector256<short> firstScales, Vector256<short> secondScales)
    {
        Vector256<int> lowerWord = Vector256.Create(0xFFFF);
        Vector256<int> a = AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, first, xFirst);
        Vector256<int> b = AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, second, xSecond);
        return Avx2.MultiplyAddAdjacent(a.AsInt16(), (firstScales.AsInt32() & lowerWord).AsInt16())
            + Avx2.MultiplyAddAdjacent(b.AsInt16(), (secondScales.AsInt32() & lowerWord).AsInt16());
    }
}
