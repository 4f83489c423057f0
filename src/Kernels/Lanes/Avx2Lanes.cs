using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels;

/// <summary>Sixteen float32 lanes in two 256-bit registers (AVX2 and FMA).</summary>
/// <param name="low">Lanes 0..7.</param>
/// <param name="high">Lanes 8..15.</param>
[method: MethodImpl(MethodImplOptions.AggressiveInlining)]
internal readonly unsafe struct Avx2Lanes(Vector256<float> low, Vector256<float> high) : ILanes16<Avx2Lanes>
{
    /// <summary>Lanes 0..7.</summary>
    public readonly Vector256<float> Low = low;

    /// <summary>Lanes 8..15.</summary>
    public readonly Vector256<float> High = high;

    /// <inheritdoc/>
    public static int Count => 16;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Load(float* source) => new(Avx.LoadVector256(source), Avx.LoadVector256(source + 8));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes LoadHalf(ushort* source) =>
        new(HalfWidening.WidenByProduct(Sse2.LoadVector128(source)), HalfWidening.WidenByProduct(Sse2.LoadVector128(source + 8)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes LoadBytes(sbyte* source) => new(
        Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(source)),
        Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(source + 8)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Create(float value) => new(Vector256.Create(value), Vector256.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination)
    {
        Avx.Store(destination, Low);
        Avx.Store(destination + 8, High);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreHalf(ushort* destination)
    {
        Sse2.Store(destination, HalfWidening.Narrow(Low));
        Sse2.Store(destination + 8, HalfWidening.Narrow(High));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreBytes(sbyte* destination)
    {
        Vector256<int> low = Avx.ConvertToVector256Int32(Low), high = Avx.ConvertToVector256Int32(High);
        Vector128<short> first = Sse2.PackSignedSaturate(low.GetLower(), low.GetUpper()), second = Sse2.PackSignedSaturate(high.GetLower(), high.GetUpper());
        Sse2.Store(destination, Sse2.PackSignedSaturate(first, second));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator +(Avx2Lanes a, Avx2Lanes b) => new(Avx.Add(a.Low, b.Low), Avx.Add(a.High, b.High));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator -(Avx2Lanes a, Avx2Lanes b) => new(Avx.Subtract(a.Low, b.Low), Avx.Subtract(a.High, b.High));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator *(Avx2Lanes a, Avx2Lanes b) => new(Avx.Multiply(a.Low, b.Low), Avx.Multiply(a.High, b.High));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator /(Avx2Lanes a, Avx2Lanes b) => new(Avx.Divide(a.Low, b.Low), Avx.Divide(a.High, b.High));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator -(Avx2Lanes a)
    {
        Vector256<float> sign = Vector256.Create(-0.0f);
        return new(Avx.Xor(a.Low, sign), Avx.Xor(a.High, sign));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Fma(Avx2Lanes a, Avx2Lanes b, Avx2Lanes c) => new(
        System.Runtime.Intrinsics.X86.Fma.MultiplyAdd(a.Low, b.Low, c.Low),
        System.Runtime.Intrinsics.X86.Fma.MultiplyAdd(a.High, b.High, c.High));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes RoundToEven(Avx2Lanes a) => new(Avx.RoundToNearestInteger(a.Low), Avx.RoundToNearestInteger(a.High));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes ScaleByPowerOfTwo(Avx2Lanes a, Avx2Lanes n) => new(AddExponent(a.Low, n.Low), AddExponent(a.High, n.High));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes SelectLess(Avx2Lanes a, Avx2Lanes b, Avx2Lanes then, Avx2Lanes otherwise) => new(
        Avx.BlendVariable(otherwise.Low, then.Low, Avx.CompareLessThan(a.Low, b.Low)),
        Avx.BlendVariable(otherwise.High, then.High, Avx.CompareLessThan(a.High, b.High)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Max(Avx2Lanes a, Avx2Lanes b) => new(Avx.Max(a.Low, b.Low), Avx.Max(a.High, b.High));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Fold()
    {
        Vector256<float> eight = Avx.Add(Low, High);
        Vector128<float> four = Sse.Add(eight.GetLower(), eight.GetUpper());
        Vector128<float> two = Sse.Add(four, Sse.MoveHighToLow(four, four));
        return two.GetElement(0) + two.GetElement(1);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float FoldMax()
    {
        Vector256<float> eight = Avx.Max(Low, High);
        Vector128<float> four = Sse.Max(eight.GetLower(), eight.GetUpper());
        Vector128<float> two = Sse.Max(four, Sse.MoveHighToLow(four, four));
        return Sse.MaxScalar(two, Sse3.MoveHighAndDuplicate(two)).ToScalar(); // a > b ? a : b, without a branch that nothing predicts
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Fold4(Avx2Lanes a, Avx2Lanes b, Avx2Lanes c, Avx2Lanes d)
    {
        Vector256<float> a8 = Avx.Add(a.Low, a.High), b8 = Avx.Add(b.Low, b.High), c8 = Avx.Add(c.Low, c.High), d8 = Avx.Add(d.Low, d.High);
        Vector256<float> ac = Avx.Add(Avx.Permute2x128(a8, c8, 0x20), Avx.Permute2x128(a8, c8, 0x31)); // aaaa cccc
        Vector256<float> bd = Avx.Add(Avx.Permute2x128(b8, d8, 0x20), Avx.Permute2x128(b8, d8, 0x31)); // bbbb dddd
        Vector256<float> pairs = Avx.Add(Avx.Shuffle(ac, bd, 0x44), Avx.Shuffle(ac, bd, 0xEE));        // aabb ccdd
        Vector128<float> ab = pairs.GetLower(), cd = pairs.GetUpper();
        return Sse.Add(Sse.Shuffle(ab, cd, 0x88), Sse.Shuffle(ab, cd, 0xDD));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Avx2Lanes DuplicateEven() => new(Avx.DuplicateEvenIndexed(Low), Avx.DuplicateEvenIndexed(High));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Avx2Lanes DuplicateOdd() => new(Avx.DuplicateOddIndexed(Low), Avx.DuplicateOddIndexed(High));

    /// <inheritdoc/>
    public static float Dot(float* a, float* b, int length) => LaneReductions.Dot<Avx2Lanes>(a, b, length);

    /// <inheritdoc/>
    public static float Sum(float* a, int length) => LaneReductions.Sum<Avx2Lanes>(a, length);

    /// <inheritdoc/>
    public static float Max(float* a, int length) => LaneReductions.Max<Avx2Lanes>(a, length);

    /// <summary>Adds the integral n to the exponent field, which multiplies by 2^n without forming it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> AddExponent(Vector256<float> a, Vector256<float> n) =>
        Avx2.Add(a.AsInt32(), Avx2.ShiftLeftLogical(Avx.ConvertToVector256Int32(n), 23)).AsSingle();
}
