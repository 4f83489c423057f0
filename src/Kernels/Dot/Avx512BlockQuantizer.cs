using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>Quantization of a block in sixteen lanes.</summary>
internal readonly unsafe struct Avx512BlockQuantizer : IBlockQuantizer
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint LargestMagnitude(float* x)
    {
        Vector512<uint> magnitude = Vector512.Create(0x7FFF_FFFFu);
        Vector512<uint> a = Avx512F.Max(Vector512.Load((uint*)x) & magnitude, Vector512.Load((uint*)x + 16) & magnitude);
        return Avx2BlockQuantizer.LargestLane(Avx2.Max(a.GetLower(), a.GetUpper()));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int QuantizeHalf(float* x, float inverse, sbyte* quants)
    {
        Vector512<int> q = Avx512F.ConvertToVector512Int32(Vector512.Load(x) * inverse);
        Avx512F.ConvertToVector128SByteWithSaturation(q).Store(quants);
        return Vector512.Sum(q);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Fit(float* x, float inverse) => BlockFit.Of<Avx512Lanes>(x, inverse);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryGroup(float* x, float limit, in GroupPlace to) => Avx512GroupQuantizer.TryQuantize(x, limit, to);

    /// <inheritdoc/>
    public static float Dot(float* a, float* b, int length) => Avx512Lanes.Dot(a, b, length);
}
