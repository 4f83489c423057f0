using System.Runtime.Intrinsics;

namespace LocalLlm.Kernels.Tests;

/// <summary>The sixteen-lane reductions, and the shuffles, against the scalar text.</summary>
public sealed unsafe class LanesTests
{
    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Reductions_give_the_bits_of_the_scalar_level(SimdLevel level)
    {
        foreach (int length in Rows.Lengths)
        {
            float[] a = Rows.Wide(length, length), b = Rows.Wide(length + 7777, length);
            Rows.AssertSameBits(Reduce(SimdLevel.Scalar, a, b), Reduce(level, a, b), $"dot, sum, max of {length}");
        }
    }

    [Fact]
    public void The_order_of_additions_is_the_laws()
    {
        // 2^24 + 1 rounds to 2^24: the ones survive only if they meet each other first, in their own lanes.
        float[] a = new float[32];
        a[0] = 1 << 24;
        a[16] = 1; // the same lane: lost
        a[8] = 1;  // meets lane 0 first: lost
        a[4] = 1;
        a[12] = 1; // with lane 4 first: 2 survives
        Assert.Equal((1 << 24) + 2, Reduce(SimdLevel.Scalar, a, a)[1]);
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void A_tail_keeps_the_sign_of_a_zero(SimdLevel level)
    {
        // Products too small for float32: the lane becomes -0, and padding must not turn it.
        float[] a = [-1e-30f, -1e-30f], b = [1e-30f, 1e-30f];
        Rows.AssertSameBits(Reduce(SimdLevel.Scalar, a, b), Reduce(level, a, b), "tail");
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Four_folds_at_once_are_four_folds(SimdLevel level) => LevelLanes.Run16(level, new Fold4Body());

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Halves_widen_and_narrow_as_the_scalar_cast(SimdLevel level) => LevelLanes.Run(level, new HalfBody());

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Bytes_are_read_and_written_as_integers(SimdLevel level) => LevelLanes.Run(level, new ByteBody());

    private static float[] Reduce(SimdLevel level, float[] a, float[] b)
    {
        float[] results = new float[3];
        LevelLanes.Run(level, new ReduceBody(a, b, results));
        return results;
    }

    private readonly struct ReduceBody(float[] a, float[] b, float[] results) : ILaneBody
    {
        public void Run<TLanes>()
            where TLanes : unmanaged, IFloatLanes<TLanes>
        {
            fixed (float* x = a, y = b)
            {
                results[0] = TLanes.Dot(x, y, a.Length);
                results[1] = TLanes.Sum(x, a.Length);
                results[2] = TLanes.Max(x, a.Length);
            }
        }
    }

    private readonly struct Fold4Body : ILanes16Body
    {
        public void Run<TLanes>()
            where TLanes : unmanaged, ILanes16<TLanes>
        {
            float[] rows = Rows.Wide(5, 64);
            fixed (float* r = rows)
            {
                Vector128<float> folded = TLanes.Fold4(TLanes.Load(r), TLanes.Load(r + 16), TLanes.Load(r + 32), TLanes.Load(r + 48));
                for (int i = 0; i < 4; i++)
                {
                    float expected = ScalarLane.Sum(r + (16 * i), 16);
                    Rows.AssertSameBits([expected, expected], [folded[i], TLanes.Load(r + (16 * i)).Fold()], $"row {i}");
                }
            }
        }
    }

    private readonly struct HalfBody : ILaneBody
    {
        public void Run<TLanes>()
            where TLanes : unmanaged, IFloatLanes<TLanes>
        {
            float[] wide = [.. Rows.Wide(3, 4096, 30), 65504, 65519, 65520, 1e-8f, float.PositiveInfinity, float.NegativeInfinity, -0.0f, 6e-8f, 0, 0, 0, 0, 0, 0, 0, 0];
            ushort[] halves = new ushort[wide.Length];
            float[] back = new float[wide.Length];
            fixed (float* w = wide, b = back)
            fixed (ushort* h = halves)
            {
                PlainKvFormat<F16Element>.Store<TLanes>(w, (byte*)h, 0, wide.Length);
                PlainKvFormat<F16Element>.WidenRow<TLanes>((byte*)h, 0, wide.Length, b);
            }
            Assert.Equal(wide.Select(x => BitConverter.HalfToUInt16Bits((Half)x)), halves);
            Rows.AssertSameBits([.. wide.Select(x => (float)(Half)x)], back);
        }
    }

    private readonly struct ByteBody : ILaneBody
    {
        public void Run<TLanes>()
            where TLanes : unmanaged, IFloatLanes<TLanes>
        {
            sbyte[] bytes = [.. Enumerable.Range(-128, 256).Select(i => (sbyte)i)], back = new sbyte[256];
            float[] widened = new float[256];
            fixed (sbyte* b = bytes, c = back)
            fixed (float* w = widened)
            {
                for (int i = 0; i < 256; i += TLanes.Count)
                {
                    TLanes lanes = TLanes.LoadBytes(b + i);
                    lanes.Store(w + i);
                    lanes.StoreBytes(c + i);
                }
            }
            Assert.Equal(Enumerable.Range(-128, 256).Select(i => (float)i), widened);
            Assert.Equal(bytes, back);
        }
    }
}
