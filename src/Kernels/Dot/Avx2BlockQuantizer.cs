using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>Quantization of a block in eight lanes.</summary>
internal readonly unsafe struct Avx2BlockQuantizer : IBlockQuantizer
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint LargestMagnitude(float* x)
    {
        Vector256<uint> magnitude = Vector256.Create(0x7FFF_FFFFu);
        Vector256<uint> a = Avx2.Max(Vector256.Load((uint*)x) & magnitude, Vector256.Load((uint*)x + 8) & magnitude);
        Vector256<uint> b = Avx2.Max(Vector256.Load((uint*)x + 16) & magnitude, Vector256.Load((uint*)x + 24) & magnitude);
        return LargestLane(Avx2.Max(a, b));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int QuantizeHalf(float* x, float inverse, sbyte* quants)
    {
        // The conversion rounds to nearest even; nothing saturates within +-127.
        Vector256<int> a = Avx.ConvertToVector256Int32(Vector256.Load(x) * inverse);
        Vector256<int> b = Avx.ConvertToVector256Int32(Vector256.Load(x + 8) * inverse);
        Vector128<short> low = Sse2.PackSignedSaturate(a.GetLower(), a.GetUpper());
        Vector128<short> high = Sse2.PackSignedSaturate(b.GetLower(), b.GetUpper());
        Sse2.PackSignedSaturate(low, high).Store(quants);
        return Vector256.Sum(a + b);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Fit(float* x, float inverse) => BlockFit.Of<Avx2Lanes>(x, inverse);

    /// <summary>The largest of eight unsigned lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint LargestLane(Vector256<uint> v)
    {
        Vector128<uint> a = Sse41.Max(v.GetLower(), v.GetUpper());
        a = Sse41.Max(a, Sse2.Shuffle(a, 0b01_00_11_10));
        return Sse41.Max(a, Sse2.Shuffle(a, 0b10_11_00_01)).ToScalar();
    }

    /// <inheritdoc/>
    public static float Dot(float* a, float* b, int length) => Avx2Lanes.Dot(a, b, length);
}
