using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>
/// Quantization of four blocks at once in 512 bits: what a single block spends on adding up its own lanes and waiting for divisions is shared.
/// Same law, same bits as block by block.
/// </summary>
internal static unsafe class Avx512GroupQuantizer
{
    /// <summary>Quantizes a group if there is nothing special about it.</summary>
    /// <param name="x">Activations [128].</param>
    /// <param name="limit">Magnitude above which a value is an outlier; NaN for none.</param>
    /// <param name="to">Where the results go.</param>
    /// <returns>False, with nothing written, if a block has an outlier, is not finite or is all but zero: then blocks are for the general code.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryQuantize(float* x, float limit, in GroupPlace to)
    {
        Vector128<float> largest = LargestMagnitudes(x).AsSingle();
        Vector128<float> step = largest / Vector128.Create(ActivationQuantizer.FinestSteps);
        // Comparisons with NaN are false: a limit of NaN takes no block out, a block with NaN fails the last test.
        Vector128<float> special = Vector128.GreaterThan(largest, Vector128.Create(limit)) | Vector128.LessThan(step, Vector128.Create(ActivationQuantizer.SmallestNormal))
            | ~Vector128.LessThan(largest, Vector128.Create(float.PositiveInfinity));
        if (special.AsUInt32() != Vector128<uint>.Zero)
        {
            return false;
        }
        Vector128<float> inverse = Vector128<float>.One / step;
        Block(x, inverse.GetElement(0), out Vector128<sbyte> first0, out Vector128<sbyte> second0, out Vector128<float> product0, out Vector128<float> squares0);
        Block(x + 32, inverse.GetElement(1), out Vector128<sbyte> first1, out Vector128<sbyte> second1, out Vector128<float> product1, out Vector128<float> squares1);
        Block(x + 64, inverse.GetElement(2), out Vector128<sbyte> first2, out Vector128<sbyte> second2, out Vector128<float> product2, out Vector128<float> squares2);
        Block(x + 96, inverse.GetElement(3), out Vector128<sbyte> first3, out Vector128<sbyte> second3, out Vector128<float> product3, out Vector128<float> squares3);
        Vector128<float> scale = step * (FloatDot.Fold(product0, product1, product2, product3) / FloatDot.Fold(squares0, squares1, squares2, squares3));

        Vector512<sbyte> first = Vector512.Create(Vector256.Create(first0, first1), Vector256.Create(first2, first3));
        Vector512<sbyte> second = Vector512.Create(Vector256.Create(second0, second1), Vector256.Create(second2, second3));
        first.Store(to.Quants);
        second.Store(to.Quants + QuantizedActivations.SecondHalf);
        Vector512<long> halfSums = HalfSums(first, second);
        Avx512F.ConvertToVector128Int16(halfSums).Store(to.HalfSums);
        to.Store(scale, Avx512F.ConvertToVector256Int32(halfSums));
        return true;
    }

    /// <summary>The largest magnitudes of the four blocks, as their bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> LargestMagnitudes(float* x)
    {
        Vector128<uint> m0 = Largest(x), m1 = Largest(x + 32), m2 = Largest(x + 64), m3 = Largest(x + 96);
        Vector128<uint> m01 = Sse41.Max(Sse2.UnpackLow(m0, m1), Sse2.UnpackHigh(m0, m1)), m23 = Sse41.Max(Sse2.UnpackLow(m2, m3), Sse2.UnpackHigh(m2, m3));
        return Sse41.Max(Sse2.UnpackLow(m01.AsUInt64(), m23.AsUInt64()).AsUInt32(), Sse2.UnpackHigh(m01.AsUInt64(), m23.AsUInt64()).AsUInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Largest(float* x)
    {
        Vector512<uint> magnitude = Vector512.Create(0x7FFF_FFFFu);
        Vector512<uint> a = Avx512F.Max(Vector512.Load((uint*)x) & magnitude, Vector512.Load((uint*)x + 16) & magnitude);
        Vector256<uint> b = Avx2.Max(a.GetLower(), a.GetUpper());
        return Sse41.Max(b.GetLower(), b.GetUpper());
    }

    /// <summary>One block's quants, and the sums of q * y and q * q down to four lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block(
        float* x, float inverse, out Vector128<sbyte> first, out Vector128<sbyte> second, out Vector128<float> product, out Vector128<float> squares)
    {
        Vector512<float> factor = Vector512.Create(inverse);
        Vector512<float> y0 = Vector512.Load(x) * factor, y1 = Vector512.Load(x + 16) * factor;
        Vector512<int> i0 = Avx512F.ConvertToVector512Int32(y0), i1 = Avx512F.ConvertToVector512Int32(y1);
        first = Avx512F.ConvertToVector128SByte(i0);
        second = Avx512F.ConvertToVector128SByte(i1);
        Vector512<float> q0 = Avx512F.ConvertToVector512Single(i0), q1 = Avx512F.ConvertToVector512Single(i1);
        product = FourLanes(Avx512F.FusedMultiplyAdd(q1, y1, Avx512F.FusedMultiplyAdd(q0, y0, Vector512<float>.Zero)));
        squares = FourLanes(Avx512F.FusedMultiplyAdd(q1, q1, q0 * q0));
    }

    /// <summary>The first two steps of the fold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> FourLanes(Vector512<float> v)
    {
        Vector256<float> half = v.GetLower() + v.GetUpper();
        return half.GetLower() + half.GetUpper();
    }

    /// <summary>Sums of the half blocks [4 blocks, 2].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<long> HalfSums(Vector512<sbyte> first, Vector512<sbyte> second)
    {
        // The sum of absolute differences adds unsigned bytes, eight at a time: each 128 too large.
        Vector512<byte> flip = Vector512.Create((byte)0x80);
        Vector512<long> a = Avx512BW.SumAbsoluteDifferences(first.AsByte() ^ flip, Vector512<byte>.Zero).AsInt64();
        Vector512<long> b = Avx512BW.SumAbsoluteDifferences(second.AsByte() ^ flip, Vector512<byte>.Zero).AsInt64();
        return Avx512F.UnpackLow(a, b) + Avx512F.UnpackHigh(a, b) - Vector512.Create(2048L);
    }
}
