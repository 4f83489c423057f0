using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels.Dot;

/// <summary>The specification.</summary>
internal readonly unsafe struct ScalarBlockQuantizer : IBlockQuantizer
{
    /// <inheritdoc/>
    public static uint LargestMagnitude(float* x)
    {
        uint largest = 0;
        for (int i = 0; i < QuantizedActivations.BlockLength; i++)
        {
            largest = Math.Max(largest, BitConverter.SingleToUInt32Bits(x[i]) & 0x7FFF_FFFF);
        }
        return largest;
    }

    /// <inheritdoc/>
    public static int QuantizeHalf(float* x, float inverse, sbyte* quants)
    {
        int sum = 0;
        for (int i = 0; i < QuantizedActivations.BlockLength / 2; i++)
        {
            quants[i] = (sbyte)MathF.Round(x[i] * inverse, MidpointRounding.ToEven);
            sum += quants[i];
        }
        return sum;
    }

    /// <inheritdoc/>
    public static float Fit(float* x, float inverse)
    {
        float* y = stackalloc float[QuantizedActivations.BlockLength];
        float* q = stackalloc float[QuantizedActivations.BlockLength];
        float squares = 0;
        for (int i = 0; i < QuantizedActivations.BlockLength; i++)
        {
            y[i] = x[i] * inverse;
            q[i] = MathF.Round(y[i], MidpointRounding.ToEven);
            squares += q[i] * q[i];
        }
        return ScalarLane.Dot(q, y, QuantizedActivations.BlockLength) / squares;
    }
}

/// <summary>Eight lanes.</summary>
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
}

/// <summary>Sixteen lanes.</summary>
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
}

/// <summary>The fit of a block's scale in sixteen lanes, one text for both widths.</summary>
internal static unsafe class BlockFit
{
    /// <summary><see cref="IBlockQuantizer.Fit"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Of<TLanes>(float* x, float inverse)
        where TLanes : unmanaged, ILanes16<TLanes>
    {
        TLanes factor = TLanes.Create(inverse);
        TLanes y0 = TLanes.Load(x) * factor, y1 = TLanes.Load(x + 16) * factor;
        TLanes q0 = TLanes.RoundToEven(y0), q1 = TLanes.RoundToEven(y1);
        TLanes product = TLanes.Fma(q1, y1, TLanes.Fma(q0, y0, TLanes.Create(0f)));
        return product.Fold() / TLanes.Fma(q1, q1, q0 * q0).Fold();
    }
}
