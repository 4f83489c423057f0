using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LocalLlm.Kernels;

/// <summary>Sixteen float32 lanes in one 512-bit register (AVX-512 F, BW, DQ, VL).</summary>
/// <param name="value">Lanes 0..15.</param>
[method: MethodImpl(MethodImplOptions.AggressiveInlining)]
internal readonly unsafe struct Avx512Lanes(Vector512<float> value) : ILanes16<Avx512Lanes>
{
    /// <summary>Lanes 0..15.</summary>
    public readonly Vector512<float> Value = value;

    /// <inheritdoc/>
    public static int Count => 16;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Load(float* source) => new(Avx512F.LoadVector512(source));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes LoadHalf(ushort* source) => new(HalfWidening.WidenByProduct(Avx.LoadVector256(source)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes LoadBytes(sbyte* source) =>
        new(Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(Sse2.LoadVector128(source))));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Create(float value) => new(Vector512.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* destination) => Avx512F.Store(destination, Value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreHalf(ushort* destination) => Avx.Store(destination, HalfWidening.Narrow(Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreBytes(sbyte* destination) =>
        Sse2.Store(destination, Avx512F.ConvertToVector128SByteWithSaturation(Avx512F.ConvertToVector512Int32(Value)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes operator +(Avx512Lanes a, Avx512Lanes b) => new(Avx512F.Add(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes operator -(Avx512Lanes a, Avx512Lanes b) => new(Avx512F.Subtract(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes operator *(Avx512Lanes a, Avx512Lanes b) => new(Avx512F.Multiply(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes operator /(Avx512Lanes a, Avx512Lanes b) => new(Avx512F.Divide(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes operator -(Avx512Lanes a) => new(Avx512DQ.Xor(a.Value, Vector512.Create(-0.0f)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Fma(Avx512Lanes a, Avx512Lanes b, Avx512Lanes c) => new(Avx512F.FusedMultiplyAdd(a.Value, b.Value, c.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes RoundToEven(Avx512Lanes a) => new(Avx512F.RoundScale(a.Value, 0x08)); // 0 fraction bits, nearest even, no exception

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes ScaleByPowerOfTwo(Avx512Lanes a, Avx512Lanes n) => new(Avx512F.Scale(a.Value, n.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes SelectLess(Avx512Lanes a, Avx512Lanes b, Avx512Lanes then, Avx512Lanes otherwise) =>
        new(Avx512F.BlendVariable(otherwise.Value, then.Value, Avx512F.CompareLessThan(a.Value, b.Value)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Max(Avx512Lanes a, Avx512Lanes b) => new(Avx512F.Max(a.Value, b.Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Fold()
    {
        Vector256<float> eight = Avx.Add(Value.GetLower(), Value.GetUpper());
        Vector128<float> four = Sse.Add(eight.GetLower(), eight.GetUpper());
        Vector128<float> two = Sse.Add(four, Sse.MoveHighToLow(four, four));
        return two.GetElement(0) + two.GetElement(1);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float FoldMax()
    {
        Vector256<float> eight = Avx.Max(Value.GetLower(), Value.GetUpper());
        Vector128<float> four = Sse.Max(eight.GetLower(), eight.GetUpper());
        Vector128<float> two = Sse.Max(four, Sse.MoveHighToLow(four, four));
        return Sse.MaxScalar(two, Sse3.MoveHighAndDuplicate(two)).ToScalar(); // a > b ? a : b, without a branch that nothing predicts
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Fold4(Avx512Lanes a, Avx512Lanes b, Avx512Lanes c, Avx512Lanes d)
    {
        // Letters name whose lanes stand there, one letter for four lanes, then one for each lane.
        Vector512<float> ac = Avx512F.Add(Avx512F.Shuffle4x128(a.Value, c.Value, 0x44), Avx512F.Shuffle4x128(a.Value, c.Value, 0xEE)); // A A C C
        Vector512<float> bd = Avx512F.Add(Avx512F.Shuffle4x128(b.Value, d.Value, 0x44), Avx512F.Shuffle4x128(b.Value, d.Value, 0xEE)); // B B D D
        Vector512<float> acbd = Avx512F.Add(Avx512F.Shuffle4x128(ac, bd, 0x88), Avx512F.Shuffle4x128(ac, bd, 0xDD));                   // A C B D
        Vector256<float> aacc = acbd.GetLower(), bbdd = acbd.GetUpper();
        Vector256<float> pairs = Avx.Add(Avx.Shuffle(aacc, bbdd, 0x44), Avx.Shuffle(aacc, bbdd, 0xEE)); // aabb ccdd
        Vector128<float> ab = pairs.GetLower(), cd = pairs.GetUpper();
        return Sse.Add(Sse.Shuffle(ab, cd, 0x88), Sse.Shuffle(ab, cd, 0xDD));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Avx512Lanes DuplicateEven() => new(Avx512F.DuplicateEvenIndexed(Value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Avx512Lanes DuplicateOdd() => new(Avx512F.DuplicateOddIndexed(Value));

    /// <inheritdoc/>
    public static float Dot(float* a, float* b, int length) => LaneReductions.Dot<Avx512Lanes>(a, b, length);

    /// <inheritdoc/>
    public static float Sum(float* a, int length) => LaneReductions.Sum<Avx512Lanes>(a, length);

    /// <inheritdoc/>
    public static float Max(float* a, int length) => LaneReductions.Max<Avx512Lanes>(a, length);
}
