using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels;

/// <summary>
/// IEEE 754 binary16 to binary32 and back, in 8 lanes (AVX2) and in 16 (AVX-512), with integer arithmetic because .NET offers no F16C.
/// Widening is exact for every half, narrowing rounds to nearest even; both agree with the casts between <see cref="Half"/> and
/// <see cref="float"/> in every bit, except that of a NaN only its being one is promised.
/// </summary>
/// <remarks>
/// The formats differ in the width of the fraction (10 bits, 23) and in the exponent's bias (15, 127): shifting a half's bits left by 13
/// aligns the fractions, adding 112 to the exponent corrects the bias. Only the two extreme exponents need more. Subnormal halves never
/// become subnormal float32 numbers on the way, on which many processors leave their fast path; only WidenByProduct accepts that.
/// </remarks>
internal static class HalfWidening
{
    private const int FractionShift = 13;
    private const int SignShift = 16;
    private const uint HalfMagnitude = 0x7FFF;
    private const uint HalfSign = 0x8000;
    private const uint HalfInfinity = 0x7C00;
    private const uint HalfQuietNaN = 0x7E00;
    private const uint HalfInfinityShifted = HalfInfinity << FractionShift;

    private const uint Aligned = 0x8FFF_E000; // sign and magnitude of a half, shifted

    // Bits of float32 numbers.
    private const uint Magnitude = 0x7FFF_FFFF;
    private const uint Infinity = 0x7F80_0000;
    private const uint ExponentOne = 1u << 23;
    private const uint BiasDifference = 112 * ExponentOne;
    private const uint SmallestNormalHalf = 113 * ExponentOne;    // 2^-14
    private const uint AlignedScale = (112 + 127) * ExponentOne;  // 2^112
    private const uint OneHalf = 126 * ExponentOne;               // 0.5: its last place, 2^-24, is that of the subnormal halves

    // Added to a float32 before the lowest 13 bits are cut off: half of what is cut, less one; the last bit kept decides a tie.
    private const uint RoundingBias = 0xFFF;

    /// <summary>Widens 8 halves.</summary>
    /// <param name="halves">Bits of binary16 numbers [8].</param>
    /// <returns>The same numbers as float32 [8].</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Widen(Vector128<ushort> halves) => Widen(Avx2.ConvertToVector256Int32(halves.AsInt16()));

    /// <summary>Widens 8 halves that stand in larger numbers.</summary>
    /// <param name="halves">Bits of binary16 numbers, their sign repeated in the upper 16 bits [8].</param>
    /// <returns>The same numbers as float32 [8].</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Widen(Vector256<int> halves)
    {
        // Sign extension and shift leave the sign in bit 31; comparisons are signed, as AVX2 has them.
        Vector256<int> shifted = halves << FractionShift;
        Vector256<int> magnitude = shifted & Vector256.Create((int)(HalfMagnitude << FractionShift));
        // Infinity and NaN: the exponent 31 becomes 255 by adding the difference twice.
        Vector256<int> extreme = Vector256.GreaterThan(magnitude, Vector256.Create((int)HalfInfinityShifted - 1)) & Vector256.Create((int)BiasDifference);
        Vector256<int> normal = magnitude + Vector256.Create((int)BiasDifference) + extreme;
        // Zero and subnormals, f * 2^-24: with the exponent one higher, of value 2^-14 + f * 2^-24, less 2^-14.
        Vector256<float> raised = (magnitude + Vector256.Create((int)(BiasDifference + ExponentOne))).AsSingle();
        Vector256<float> widened = Vector256.ConditionalSelect(
            Vector256.LessThan(magnitude, Vector256.Create((int)ExponentOne)).AsSingle(),
            raised - Vector256.Create(SmallestNormalHalf).AsSingle(),
            normal.AsSingle());
        return (widened.AsInt32() | (shifted & Vector256.Create(int.MinValue))).AsSingle();
    }

    /// <summary>Widens 16 halves: <see cref="Widen(Vector128{ushort})"/> in twice the lanes.</summary>
    /// <param name="halves">Bits of binary16 numbers [16].</param>
    /// <returns>The same numbers as float32 [16].</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Widen(Vector256<ushort> halves) => Widen(Avx512F.ConvertToVector512Int32(halves.AsInt16()));

    /// <summary>Widens 16 halves that stand in larger numbers.</summary>
    /// <param name="halves">Bits of binary16 numbers, their sign repeated in the upper 16 bits [16].</param>
    /// <returns>The same numbers as float32 [16].</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Widen(Vector512<int> halves)
    {
        // As in 8 lanes, but for masks: comparisons stand inside the selections, one branch of which is a sum, so that a selection is one
        // masked instruction and the whole is ten.
        Vector512<uint> shifted = halves.AsUInt32() << FractionShift;
        Vector512<uint> magnitude = shifted & Vector512.Create(HalfMagnitude << FractionShift);
        Vector512<uint> normal = magnitude + Vector512.Create(BiasDifference);
        normal = Vector512.ConditionalSelect(
            Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(HalfInfinityShifted)), normal + Vector512.Create(BiasDifference), normal);
        Vector512<float> raised = (magnitude + Vector512.Create(BiasDifference + ExponentOne)).AsSingle();
        Vector512<float> widened = Vector512.ConditionalSelect(
            Vector512.LessThan(magnitude, Vector512.Create(ExponentOne)).AsSingle(),
            raised - Vector512.Create(SmallestNormalHalf).AsSingle(),
            normal.AsSingle());
        return Vector512.ConditionalSelect(Vector512.Create(~Magnitude), shifted, widened.AsUInt32()).AsSingle();
    }

    /// <summary>
    /// Widens 8 halves in fewer steps than <see cref="Widen(Vector128{ushort})"/>, for numbers that are rarely subnormal: subnormal halves are
    /// subnormal float32 numbers on the way, which cost some processors a detour of a hundred cycles and others nothing.
    /// </summary>
    /// <param name="halves">Bits of binary16 numbers [8].</param>
    /// <returns>The same numbers as float32 [8].</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> WidenByProduct(Vector128<ushort> halves)
    {
        // The bits aligned stand for 2^-112 of the number; multiplying by 2^112 is exact. Only infinities and NaNs are finite then.
        Vector256<int> aligned = (Avx2.ConvertToVector256Int32(halves.AsInt16()) << FractionShift) & Vector256.Create(unchecked((int)Aligned));
        Vector256<int> exponent = aligned & Vector256.Create((int)HalfInfinityShifted);
        Vector256<int> extreme = Vector256.Equals(exponent, Vector256.Create((int)HalfInfinityShifted)) & Vector256.Create((int)Infinity);
        return (Avx.Multiply(aligned.AsSingle(), Vector256.Create(AlignedScale).AsSingle()).AsInt32() | extreme).AsSingle();
    }

    /// <summary>Widens 16 halves: <see cref="WidenByProduct(Vector128{ushort})"/> in twice the lanes.</summary>
    /// <param name="halves">Bits of binary16 numbers [16].</param>
    /// <returns>The same numbers as float32 [16].</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> WidenByProduct(Vector256<ushort> halves)
    {
        Vector512<uint> aligned = (Avx512F.ConvertToVector512Int32(halves.AsInt16()).AsUInt32() << FractionShift) & Vector512.Create(Aligned);
        Vector512<float> scaled = Avx512F.Multiply(aligned.AsSingle(), Vector512.Create(AlignedScale).AsSingle());
        // Finite halves stay below 2^16.
        Vector512<float> magnitude = (scaled.AsUInt32() & Vector512.Create(Magnitude)).AsSingle();
        return Vector512.ConditionalSelect(
            Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(65536f)), (scaled.AsUInt32() | Vector512.Create(Infinity)).AsSingle(), scaled);
    }

    /// <summary>Narrows 8 float32 numbers, rounding to nearest even; from 65520 on the result is infinity.</summary>
    /// <param name="values">Float32 [8].</param>
    /// <returns>Bits of the nearest binary16 numbers [8].</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> Narrow(Vector256<float> values)
    {
        Vector256<uint> magnitude = values.AsUInt32() & Vector256.Create(Magnitude);
        Vector256<uint> sign = (values.AsUInt32() ^ magnitude) >>> SignShift;
        // Normal halves: a carry out of the fraction raises the exponent, which is right, and past the largest half gives infinity.
        Vector256<uint> odd = (magnitude >>> FractionShift) & Vector256<uint>.One;
        Vector256<uint> rounded = (magnitude - Vector256.Create(BiasDifference) + Vector256.Create(RoundingBias) + odd) >>> FractionShift;
        Vector256<uint> normal = Vector256.Min(rounded, Vector256.Create(HalfInfinity));
        // Subnormal halves: adding 0.5 rounds to multiples of 2^-24 and leaves their number in the lowest bits.
        Vector256<uint> sum = (magnitude.AsSingle() + Vector256.Create(OneHalf).AsSingle()).AsUInt32();
        Vector256<uint> subnormal = sum - Vector256.Create(OneHalf);
        Vector256<uint> narrowed = Vector256.ConditionalSelect(
            Vector256.LessThan(magnitude, Vector256.Create(SmallestNormalHalf)), subnormal, normal);
        narrowed = Vector256.ConditionalSelect(
            Vector256.GreaterThan(magnitude, Vector256.Create(Infinity)), Vector256.Create(HalfQuietNaN), narrowed);
        Vector256<int> halves = (narrowed | sign).AsInt32();
        return Sse41.PackUnsignedSaturate(halves.GetLower(), halves.GetUpper());
    }

    /// <summary>Narrows 16 float32 numbers: <see cref="Narrow(Vector256{float})"/> in twice the lanes.</summary>
    /// <param name="values">Float32 [16].</param>
    /// <returns>Bits of the nearest binary16 numbers [16].</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ushort> Narrow(Vector512<float> values)
    {
        Vector512<uint> magnitude = values.AsUInt32() & Vector512.Create(Magnitude);
        Vector512<uint> sign = (values.AsUInt32() ^ magnitude) >>> SignShift;
        Vector512<uint> odd = (magnitude >>> FractionShift) & Vector512<uint>.One;
        Vector512<uint> rounded = (magnitude - Vector512.Create(BiasDifference) + Vector512.Create(RoundingBias) + odd) >>> FractionShift;
        Vector512<uint> normal = Vector512.Min(rounded, Vector512.Create(HalfInfinity));
        Vector512<uint> sum = (magnitude.AsSingle() + Vector512.Create(OneHalf).AsSingle()).AsUInt32();
        Vector512<uint> subnormal = sum - Vector512.Create(OneHalf);
        Vector512<uint> narrowed = Vector512.ConditionalSelect(
            Vector512.LessThan(magnitude, Vector512.Create(SmallestNormalHalf)), subnormal, normal);
        narrowed = Vector512.ConditionalSelect(
            Vector512.GreaterThan(magnitude, Vector512.Create(Infinity)), Vector512.Create(HalfQuietNaN), narrowed);
        return Avx512F.ConvertToVector256UInt16(narrowed | sign);
    }
}
