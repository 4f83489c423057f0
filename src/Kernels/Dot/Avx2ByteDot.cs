using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

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
