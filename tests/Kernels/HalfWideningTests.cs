using System.Runtime.Intrinsics;

namespace LocalLlm.Kernels.Tests;

/// <summary>
/// Half conversion of every level against the definition of binary16, computed in float64. The scalar level is the base library's cast.
/// </summary>
public class HalfWideningTests
{
    private const int HalfInfinity = 0x7C00;

    /// <summary>The non-negative finite halves in ascending order, by their bits; then 2^16, where infinity stands when rounding.</summary>
    private static readonly double[] s_halves = [.. Enumerable.Range(0, HalfInfinity + 1).Select(Value)];

    [Theory]
    [MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Widens_every_half_exactly(SimdLevel level)
    {
        ushort[] halves = [.. Enumerable.Range(0, 1 << 16).Select(bits => (ushort)bits)];
        foreach (bool byProduct in new[] { false, true })
        {
            float[] widened = Widen(level, halves, byProduct);
            for (int i = 0; i < halves.Length; i++)
            {
                float expected = Widened(halves[i]);
                bool right = float.IsNaN(expected)
                    ? float.IsNaN(widened[i])
                    : BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(widened[i]);
                if (!right)
                {
                    Assert.Fail($"Half {halves[i]:X4} widened to {widened[i]:R} instead of {expected:R} (by product: {byProduct}).");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Narrows_every_half_back_to_itself(SimdLevel level) =>
        AssertNarrows(level, [.. Enumerable.Range(0, 1 << 16).Select(bits => Widened((ushort)bits))]);

    [Theory]
    [MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Narrows_ties_and_their_neighbours_to_nearest_even(SimdLevel level)
    {
        // Halfway between adjacent halves is exact in float32. The last tie is 65520, from which on the result is infinity.
        List<float> values = [];
        for (int bits = 0; bits < HalfInfinity; bits++)
        {
            float tie = (float)((s_halves[bits] + s_halves[bits + 1]) / 2);
            values.AddRange([tie, MathF.BitIncrement(tie), MathF.BitDecrement(tie)]);
            values.AddRange([-tie, -MathF.BitIncrement(tie), -MathF.BitDecrement(tie)]);
        }
        AssertNarrows(level, [.. values]);
    }

    [Theory]
    [MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Narrows_any_bits(SimdLevel level)
    {
        Random random = new(3);
        float[] values = new float[1 << 18];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = BitConverter.UInt32BitsToSingle((uint)random.NextInt64(1L << 32));
        }
        float[] extremes =
            [float.Epsilon, -float.Epsilon, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN, -0f];
        extremes.CopyTo(values, 0);
        AssertNarrows(level, values);
    }

    /// <summary>Value of a non-negative half's bits; 2^16 for those of infinity.</summary>
    private static double Value(int bits)
    {
        int exponent = bits >> 10, fraction = bits & 0x3FF;
        return exponent == 0 ? Math.ScaleB(fraction, -24) : Math.ScaleB(1024 + fraction, exponent - 25);
    }

    private static float Widened(ushort half)
    {
        int magnitude = half & 0x7FFF;
        float value = magnitude > HalfInfinity ? float.NaN : magnitude == HalfInfinity ? float.PositiveInfinity : (float)s_halves[magnitude];
        return half == magnitude ? value : -value;
    }

    private static ushort Narrowed(float value)
    {
        double magnitude = Math.Abs((double)value);
        int above = Array.BinarySearch(s_halves, magnitude);
        if (above < 0)
        {
            above = Math.Min(~above, HalfInfinity);
            double tie = above == 0 ? 0 : (s_halves[above - 1] + s_halves[above]) / 2;
            above -= magnitude < tie || (magnitude == tie && above % 2 == 1) ? 1 : 0;
        }
        return (ushort)(above | (float.IsNegative(value) ? 0x8000 : 0));
    }

    private static void AssertNarrows(SimdLevel level, float[] values)
    {
        Array.Resize(ref values, (values.Length + 15) / 16 * 16);
        ushort[] narrowed = Narrow(level, values);
        for (int i = 0; i < values.Length; i++)
        {
            Half actual = BitConverter.UInt16BitsToHalf(narrowed[i]);
            bool right = float.IsNaN(values[i]) ? Half.IsNaN(actual) : narrowed[i] == Narrowed(values[i]);
            if (!right)
            {
                Assert.Fail($"{values[i]:R} narrowed to {actual}.");
            }
        }
    }

    private static float[] Widen(SimdLevel level, ushort[] halves, bool byProduct)
    {
        float[] widened = new float[halves.Length];
        int lanes = Lanes(level);
        for (int i = 0; i < halves.Length; i += lanes)
        {
            switch (lanes)
            {
                case 16 when byProduct: HalfWidening.WidenByProduct(Vector256.Create(halves, i)).CopyTo(widened, i); break;
                case 16: HalfWidening.Widen(Vector256.Create(halves, i)).CopyTo(widened, i); break;
                case 8 when byProduct: HalfWidening.WidenByProduct(Vector128.Create(halves, i)).CopyTo(widened, i); break;
                case 8: HalfWidening.Widen(Vector128.Create(halves, i)).CopyTo(widened, i); break;
                default: widened[i] = (float)BitConverter.UInt16BitsToHalf(halves[i]); break;
            }
        }
        return widened;
    }

    private static ushort[] Narrow(SimdLevel level, float[] values)
    {
        ushort[] narrowed = new ushort[values.Length];
        int lanes = Lanes(level);
        for (int i = 0; i < values.Length; i += lanes)
        {
            switch (lanes)
            {
                case 16: HalfWidening.Narrow(Vector512.Create(values, i)).CopyTo(narrowed, i); break;
                case 8: HalfWidening.Narrow(Vector256.Create(values, i)).CopyTo(narrowed, i); break;
                default: narrowed[i] = BitConverter.HalfToUInt16Bits((Half)values[i]); break;
            }
        }
        return narrowed;
    }

    private static int Lanes(SimdLevel level) => level switch { SimdLevel.Scalar => 1, SimdLevel.Avx512 or SimdLevel.Avx512Vnni => 16, _ => 8 };
}
