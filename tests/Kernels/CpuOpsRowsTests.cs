namespace LocalLlm.Kernels.Tests;

/// <summary>Norms, activation functions, Add and softmax: bits of the scalar level, values of a double-precision formula.</summary>
public sealed class CpuOpsRowsTests
{
    /// <summary>An operation on a row that needs a second row of the same length.</summary>
    private delegate void RowOperation(CpuOps ops, float[] x, float[] other, float[] y);

    private static readonly Dictionary<string, RowOperation> s_operations = new()
    {
        ["norm"] = (ops, x, weight, y) => ops.RmsNorm(x, weight, 1e-6f, y),
        ["layer norm"] = (ops, x, weight, y) => ops.LayerNorm(x, weight, [.. weight.Reverse()], 1e-6f, y),
        ["layer norm of a sum"] = (ops, x, other, y) => ops.AddLayerNorm(x, other, [.. x.Reverse()], other, [.. other.Reverse()], 1e-6f, y),
        ["gelu"] = (ops, x, _, y) => ops.Gelu(x, x.Length, [], y),
        ["gelu with a bias"] = (ops, x, bias, y) => ops.Gelu(x, bias.Length, bias, y),
        ["gate"] = (ops, x, up, y) => ops.SwiGlu(x, up, y),
        ["add"] = (ops, x, other, y) => { other.CopyTo(y, 0); ops.Add(x, y); },
        ["softmax"] = (ops, x, _, y) => { x.CopyTo(y, 0); ops.Softmax(y); },
    };

    public static TheoryData<SimdLevel, string> LevelsAndOperations()
    {
        TheoryData<SimdLevel, string> data = [];
        foreach (SimdLevel level in Levels.Run)
        {
            foreach (string name in s_operations.Keys)
            {
                data.Add(level, name);
            }
        }
        return data;
    }

    [Theory, MemberData(nameof(LevelsAndOperations))]
    public void Every_level_gives_the_bits_of_the_scalar_one(SimdLevel level, string operation)
    {
        using WorkerPool one = new(1), three = new(3);
        foreach (int length in Rows.Lengths.Append(20_001))
        {
            float[] x = Rows.Wide(length, length, 8), other = Rows.Wide(length + 1, length, 3);
            float[] expected = new float[length], actual = new float[length];
            s_operations[operation](new CpuOps(SimdLevel.Scalar, one), x, other, expected);
            s_operations[operation](new CpuOps(level, three), x, other, actual);
            Rows.AssertSameBits(expected, actual, $"{operation} of {length}");
        }
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Norm_is_x_over_the_root_of_the_mean_square(SimdLevel level)
    {
        using WorkerPool pool = new(2);
        foreach (int columns in new[] { 1, 15, 64, 128, 576, 1000 })
        {
            const int rows = 33;
            float[] x = Rows.Uniform(columns, rows * columns, 3), weight = Rows.Uniform(columns + 1, columns, 2), y = new float[x.Length];
            new CpuOps(level, pool).RmsNorm(x, weight, 1e-5f, y);
            for (int row = 0; row < rows; row++)
            {
                double meanSquare = x.Skip(row * columns).Take(columns).Average(v => (double)v * v);
                for (int i = 0; i < columns; i++)
                {
                    double expected = x[(row * columns) + i] / Math.Sqrt(meanSquare + 1e-5) * weight[i];
                    Assert.Equal(expected, y[(row * columns) + i], Math.Abs(expected) * 1e-6);
                }
            }
        }
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Norm_in_place_and_in_a_batch_gives_the_same_bits_as_alone(SimdLevel level)
    {
        using WorkerPool pool = new(2);
        CpuOps ops = new(level, pool);
        float[] x = Rows.Wide(1, 100 * 80), weight = Rows.Uniform(2, 80), y = new float[x.Length], alone = new float[80];
        ops.RmsNorm(x, weight, 1e-6f, y);
        for (int row = 0; row < 100; row++)
        {
            ops.RmsNorm(x.AsSpan(row * 80, 80), weight, 1e-6f, alone);
            Rows.AssertSameBits(alone, y.AsSpan(row * 80, 80), $"row {row}");
        }
        ops.RmsNorm(x, weight, 1e-6f, x);
        Rows.AssertSameBits(y, x, "in place");
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Layer_norm_is_the_distance_to_the_mean_in_standard_deviations(SimdLevel level)
    {
        using WorkerPool pool = new(2);
        CpuOps ops = new(level, pool);
        foreach (int columns in new[] { 1, 15, 64, 384, 1000 })
        {
            const int rows = 33;
            float[] x = Rows.Uniform(columns, rows * columns, 3), weight = Rows.Uniform(columns + 1, columns, 2), bias = Rows.Uniform(columns + 2, columns);
            float[] y = new float[x.Length], alone = new float[columns];
            ops.LayerNorm(x, weight, bias, 1e-5f, y);
            for (int row = 0; row < rows; row++)
            {
                Span<float> part = x.AsSpan(row * columns, columns);
                double mean = part.ToArray().Average(v => (double)v), variance = part.ToArray().Average(v => (v - mean) * (v - mean));
                for (int i = 0; i < columns; i++)
                {
                    Assert.Equal(((part[i] - mean) / Math.Sqrt(variance + 1e-5) * weight[i]) + bias[i], y[(row * columns) + i], 1e-5);
                }
                ops.LayerNorm(part, weight, bias, 1e-5f, alone);
                Rows.AssertSameBits(alone, y.AsSpan(row * columns, columns), $"row {row}");
            }
            ops.LayerNorm(x, weight, bias, 1e-5f, x);
            Rows.AssertSameBits(y, x, "in place");
        }
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void What_is_added_on_the_way_gives_the_bits_of_what_was_added_before(SimdLevel level)
    {
        using WorkerPool pool = new(2);
        CpuOps ops = new(level, pool);
        foreach (int columns in new[] { 1, 15, 64, 384 })
        {
            const int rows = 33;
            float[] x = Rows.Uniform(columns, rows * columns, 3), addend = Rows.Uniform(columns + 1, rows * columns, 3);
            float[] weight = Rows.Uniform(columns + 2, columns, 2), bias = Rows.Uniform(columns + 3, columns), addendBias = Rows.Uniform(columns + 4, columns);
            foreach (float[] extra in new[] { [], addendBias })
            {
                float[] biased = [.. addend.Select((v, i) => extra.Length == 0 ? v : v + extra[i % columns])], sum = [.. x.Zip(biased, (a, b) => a + b)];
                float[] expected = new float[x.Length], actual = [.. x];
                ops.LayerNorm(sum, weight, bias, 1e-5f, expected);
                ops.AddLayerNorm(actual, addend, extra, weight, bias, 1e-5f, actual);
                Rows.AssertSameBits(expected, actual, $"layer norm of {columns}");
                ops.Gelu(biased, columns, [], expected);
                ops.Gelu(addend, columns, extra, actual);
                Rows.AssertSameBits(expected, actual, $"gelu of {columns}");
            }
        }
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Gelu_is_x_times_the_normal_distribution(SimdLevel level)
    {
        using WorkerPool pool = new(1);
        // From tables of Phi to 15 places: DLMF 7.2, as erf of 1 / sqrt 2 and so on.
        (double X, double Phi)[] known =
        [
            (0, 0.5), (0.5, 0.691462461274013), (1, 0.841344746068543), (2, 0.977249868051821), (3, 0.998650101968370), (-0.5, 0.308537538725987),
            (-1, 0.158655253931457), (-2, 0.022750131948179), (-3, 0.001349898031630), (-5, 2.866515718791939e-7), (-8, 6.220960574271785e-16),
            (9, 1), (100, 1), (1e30, 1), (-15, 0), (-1e30, 0),
        ];
        float[] x = [.. known.Select(pair => (float)pair.X)], y = new float[x.Length];
        new CpuOps(level, pool).Gelu(x, x.Length, [], y);
        for (int i = 0; i < x.Length; i++)
        {
            double expected = known[i].X * known[i].Phi;
            // The exponential's argument is rounded, so the far tail has fewer digits.
            Assert.Equal(expected, y[i], Math.Abs(expected) * (known[i].X < -4 ? 4e-6 : 8e-7));
        }
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Gate_is_silu_times_up(SimdLevel level)
    {
        using WorkerPool pool = new(1);
        float[] gate = [.. Rows.Uniform(1, 500, 20), 0, -0.0f, 100, -100, 1e30f, -1e30f], up = Rows.Uniform(2, gate.Length, 2), y = new float[gate.Length];
        new CpuOps(level, pool).SwiGlu(gate, up, y);
        for (int i = 0; i < y.Length; i++)
        {
            double expected = gate[i] / (1 + Math.Exp(-(double)gate[i])) * up[i];
            Assert.Equal(expected, y[i], (Math.Abs(expected) * 1e-6) + 1e-36);
        }
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Softmax_is_exp_over_the_sum(SimdLevel level)
    {
        using WorkerPool pool = new(1);
        CpuOps ops = new(level, pool);
        float[][] rows = [Rows.Uniform(1, 1000, 30), [5], [-3e38f, -3e38f], [1e30f, -1e30f, 1e30f], Rows.Uniform(2, 151_936, 10), []];
        foreach (float[] x in rows)
        {
            double max = x.Length == 0 ? 0 : x.Max(), sum = x.Sum(v => Math.Exp(v - max));
            double[] expected = [.. x.Select(v => Math.Exp(v - max) / sum)];
            ops.Softmax(x);
            for (int i = 0; i < x.Length; i++)
            {
                Assert.Equal(expected[i], x[i], (expected[i] * 1e-5) + 1e-37);
            }
        }
    }

    [Fact]
    public void Wrong_lengths_are_refused()
    {
        using WorkerPool pool = new(1);
        CpuOps ops = new(SimdLevel.Scalar, pool);
        Assert.Throws<ArgumentException>(() => ops.RmsNorm(new float[10], new float[4], 0, new float[10]));
        Assert.Throws<ArgumentException>(() => ops.RmsNorm(new float[8], [], 0, new float[8]));
        Assert.Throws<ArgumentException>(() => ops.RmsNorm(new float[8], new float[4], 0, new float[4]));
        Assert.Throws<ArgumentException>(() => ops.LayerNorm(new float[8], new float[4], new float[3], 0, new float[8]));
        Assert.Throws<ArgumentException>(() => ops.AddLayerNorm(new float[8], new float[4], [], new float[4], new float[4], 0, new float[8]));
        Assert.Throws<ArgumentException>(() => ops.AddLayerNorm(new float[8], new float[8], new float[3], new float[4], new float[4], 0, new float[8]));
        Assert.Throws<ArgumentException>(() => ops.Gelu(new float[8], 8, [], new float[7]));
        Assert.Throws<ArgumentException>(() => ops.Gelu(new float[8], 4, new float[3], new float[8]));
        Assert.Throws<ArgumentException>(() => ops.Gelu(new float[8], 3, [], new float[8]));
        Assert.Throws<ArgumentException>(() => ops.SwiGlu(new float[8], new float[7], new float[8]));
        Assert.Throws<ArgumentException>(() => ops.Add(new float[8], new float[7]));
        Assert.Throws<ArgumentException>(() => ops.Rope(new float[8], new float[4], 1, 1, 8, 10, RopePairing.Halves));
        Assert.Throws<ArgumentException>(() => ops.Rope(new float[8], new float[3], 1, 1, 8, 3, RopePairing.Halves));
        Assert.Throws<ArgumentException>(() => ops.Rope(new float[8], new float[3], 1, 1, 8, 4, RopePairing.Halves));
    }
}
