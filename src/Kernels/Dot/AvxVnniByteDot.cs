using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

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
