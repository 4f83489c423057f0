using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels.Tests;

public sealed unsafe class QuantizeTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);

    public void Dispose() => _pool.Dispose();

    [Theory]
    [MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void BlocksObeyTheLaw(SimdLevel level)
    {
        const int Rows = 7, Columns = 32 * 18;
        float[] x = [.. Activations.Random(3 * Columns, 1), .. Activations.Wild(4 * Columns, 2)];
        using QuantizedActivations q = new(Rows, Columns);
        new CpuOps(level, _pool).Quantize(x, Columns, q);
        Assert.Equal((Rows, Columns, 20), (q.Rows, q.Columns, q.Blocks));
        List<Outlier> outliers = [];
        for (int row = 0; row < Rows; row++)
        {
            float[] values = x[(row * Columns)..((row + 1) * Columns)];
            outliers.AddRange(TakeOutliers(values, row));
            for (int b = 0; b < Columns / 32; b++)
            {
                CheckBlock(values.AsSpan(32 * b, 32), q, row, b);
            }
        }
        Assert.NotEmpty(outliers);
        Assert.Equal(outliers.OrderBy(o => o.Column).ThenBy(o => o.Row), q.Outliers.Ordered.ToArray());
    }

    [Theory]
    [MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void AnOutlierLeavesItsBlockFine(SimdLevel level)
    {
        const int Columns = 1024;
        float[] x = Activations.Random(Columns, 3);
        x[500] = 1e5f;
        using QuantizedActivations q = new(1, Columns);
        new CpuOps(level, _pool).Quantize(x, Columns, q);
        Assert.Equal([new Outlier(500, 0, 1e5f)], q.Outliers.Ordered.ToArray());
        Assert.InRange(q.Scales[500 / 32 * 4], 0.001f, 1f);
    }

    /// <summary>The definition: values beyond eight times the row's root mean square, which become 0.</summary>
    private static List<Outlier> TakeOutliers(float[] x, int row)
    {
        double squares = x.Sum(v => (double)v * v);
        List<Outlier> outliers = [];
        for (int i = 0; i < x.Length && squares is > 1e-18 and < float.MaxValue; i++)
        {
            if (Math.Abs(x[i]) > 8 * Math.Sqrt(squares / x.Length))
            {
                outliers.Add(new Outlier(i, row, x[i]));
                x[i] = 0;
            }
        }
        return outliers;
    }

    private static void CheckBlock(ReadOnlySpan<float> x, QuantizedActivations q, int row, int b)
    {
        float largest = 0;
        foreach (float v in x)
        {
            largest = MathF.Max(largest, MathF.Abs(v));
        }
        float step = largest / 127.49f;
        step = step < MathF.ScaleB(1, -126) ? 0 : step;
        var lanes = new float[16];
        int squares = 0;
        int[] sums = [0, 0];
        for (int i = 0; i < 32; i++)
        {
            int actual = q.Quants[row * q.Blocks * 32 + b / 4 * 128 + i / 16 * 64 + b % 4 * 16 + i % 16];
            float y = step == 0 ? 0 : x[i] * (1 / step);
            Assert.Equal((int)Math.Round((double)y, MidpointRounding.ToEven), actual);
            Assert.InRange(actual, -127, 127);
            sums[i / 16] += actual;
            squares += actual * actual;
            lanes[i % 16] = MathF.FusedMultiplyAdd(actual, y, lanes[i % 16]);
        }
        for (int half = 8; half > 0; half /= 2)
        {
            for (int lane = 0; lane < half; lane++)
            {
                lanes[lane] += lanes[lane + half];
            }
        }
        float scale = step == 0 ? 0 : step * (lanes[0] / squares);
        Assert.Equal(scale, q.Scales[((row / 4 * q.Blocks) + b) * 4 + row % 4]);
        Assert.Equal(sums[0], q.HalfSums[(row * q.Blocks + b) * 2]);
        Assert.Equal(sums[1], q.HalfSums[(row * q.Blocks + b) * 2 + 1]);
        Assert.Equal(scale * (sums[0] + sums[1]), q.ScaledSums[((row / 4 * q.Blocks) + b) * 4 + row % 4]);
    }

    [Theory]
    [MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void PaddingAddsNothingEvenAfterALargerInput(SimdLevel level)
    {
        CpuOps ops = new(level, _pool);
        using QuantizedActivations q = new(2, 256);
        ops.Quantize(Activations.Random(512, 3), 256, q);
        ops.Quantize(Activations.Random(32, 4), 32, q);
        Assert.Equal((1, 32, 4), (q.Rows, q.Columns, q.Blocks));
        for (int b = 1; b < 4; b++)
        {
            Assert.Equal(int.MinValue, BitConverter.SingleToInt32Bits(q.Scales[4 * b]));
            Assert.Equal(int.MinValue, BitConverter.SingleToInt32Bits(q.ScaledSums[4 * b]));
            for (int i = 0; i < 16; i++)
            {
                Assert.Equal(0, q.Quants[16 * b + i]);
                Assert.Equal(0, q.Quants[64 + 16 * b + i]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void WhatIsNotFiniteShows(SimdLevel level)
    {
        using QuantizedActivations q = new(1, 128);
        foreach (float bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            float[] x = Activations.Random(128, 5);
            x[70] = bad;
            new CpuOps(level, _pool).Quantize(x, 128, q);
            Assert.Equal([false, false, true, false], Enumerable.Range(0, 4).Select(b => IsNaN(q.Scales, b) && IsNaN(q.ScaledSums, b)));
        }

        static bool IsNaN(float* values, int b) => float.IsNaN(values[4 * b]);
    }

    [Fact]
    public void WrongShapesAreRefused()
    {
        CpuOps ops = new(SimdLevel.Scalar, _pool);
        using QuantizedActivations q = new(4, 128);
        Assert.Throws<ArgumentException>(() => ops.Quantize(new float[48], 48, q));
        Assert.Throws<ArgumentException>(() => ops.Quantize(new float[65], 32, q));
        Assert.Throws<ArgumentException>(() => ops.Quantize(new float[5 * 128], 128, q));
        Assert.Throws<ArgumentException>(() => ops.Quantize(new float[160], 160, q));
        Assert.Throws<ArgumentOutOfRangeException>(() => new QuantizedActivations(0, 128));
        q.Dispose();
        q.Dispose();
        Assert.Throws<ObjectDisposedException>(() => ops.Quantize(new float[128], 128, q));
    }
}
