using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>
/// One float32: the scalar level, and the tails of the others. Its reductions are the law of docs/arithmetic.md in C#: the sixteen lanes
/// are spelled out, and every vector level must return the same bits.
/// </summary>
internal readonly unsafe struct ScalarLane(float value) : IFloatLanes<ScalarLane>
{
    /// <summary>The number.</summary>
    public readonly float Value = value;

    /// <inheritdoc/>
    public static int Count => 1;

    /// <inheritdoc/>
    public static ScalarLane Load(float* source) => new(*source);

    /// <inheritdoc/>
    public static ScalarLane LoadHalf(ushort* source) => new((float)BitConverter.UInt16BitsToHalf(*source));

    /// <inheritdoc/>
    public static ScalarLane LoadBytes(sbyte* source) => new(*source);

    /// <inheritdoc/>
    public static ScalarLane Create(float value) => new(value);

    /// <inheritdoc/>
    public void Store(float* destination) => *destination = Value;

    /// <inheritdoc/>
    public void StoreHalf(ushort* destination) => *destination = BitConverter.HalfToUInt16Bits((Half)Value);

    /// <inheritdoc/>
    public void StoreBytes(sbyte* destination) => *destination = (sbyte)Value;

    /// <inheritdoc/>
    public static ScalarLane operator +(ScalarLane a, ScalarLane b) => new(a.Value + b.Value);

    /// <inheritdoc/>
    public static ScalarLane operator -(ScalarLane a, ScalarLane b) => new(a.Value - b.Value);

    /// <inheritdoc/>
    public static ScalarLane operator *(ScalarLane a, ScalarLane b) => new(a.Value * b.Value);

    /// <inheritdoc/>
    public static ScalarLane operator /(ScalarLane a, ScalarLane b) => new(a.Value / b.Value);

    /// <inheritdoc/>
    public static ScalarLane operator -(ScalarLane a) => new(-a.Value);

    /// <inheritdoc/>
    public static ScalarLane Fma(ScalarLane a, ScalarLane b, ScalarLane c) => new(MathF.FusedMultiplyAdd(a.Value, b.Value, c.Value));

    /// <inheritdoc/>
    public static ScalarLane RoundToEven(ScalarLane a) => new(MathF.Round(a.Value));

    /// <inheritdoc/>
    public static ScalarLane ScaleByPowerOfTwo(ScalarLane a, ScalarLane n) =>
        new(BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(a.Value) + ((int)n.Value << 23))); // adds n to the exponent field

    /// <inheritdoc/>
    public static ScalarLane SelectLess(ScalarLane a, ScalarLane b, ScalarLane then, ScalarLane otherwise) => a.Value < b.Value ? then : otherwise;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static float Dot(float* a, float* b, int length)
    {
        float* lanes = stackalloc float[16];
        new Span<float>(lanes, 16).Clear();
        for (int k = 0; k < length; k++)
        {
            lanes[k % 16] = MathF.FusedMultiplyAdd(a[k], b[k], lanes[k % 16]);
        }
        return Fold(lanes);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static float Sum(float* a, int length)
    {
        float* lanes = stackalloc float[16];
        new Span<float>(lanes, 16).Clear();
        for (int k = 0; k < length; k++)
        {
            lanes[k % 16] += a[k];
        }
        return Fold(lanes);
    }

    /// <inheritdoc/>
    public static float Max(float* a, int length)
    {
        float max = a[0];
        for (int k = 1; k < length; k++)
        {
            max = a[k] > max ? a[k] : max;
        }
        return max;
    }

    /// <summary>The tree that adds sixteen lanes; destroys them.</summary>
    private static float Fold(float* lanes)
    {
        for (int half = 8; half >= 2; half /= 2)
        {
            for (int i = 0; i < half; i++)
            {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[0] + lanes[1];
    }
}
