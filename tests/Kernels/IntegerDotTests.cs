using LocalLlm.Gguf;
using LocalLlm.Kernels.Dot;
using LocalLlm.Quant;

namespace LocalLlm.Kernels.Tests;

/// <summary>Integer dot products: the scalar law against an oracle made of decoded weights, every other level against the law.</summary>
public sealed unsafe class IntegerDotTests : IDisposable
{
    private readonly WorkerPool _pool = new(1);

    public static GgmlType[] Types { get; } = [.. Enum.GetValues<GgmlType>().Where(ProductKernel.Supports)];

    public static TheoryData<GgmlType> AllTypes => [.. Types];

    public static TheoryData<SimdLevel, GgmlType> LevelsAndTypes => Levels.With(Types);

    public void Dispose() => _pool.Dispose();

    [Fact]
    public void TheFormatsOfTheLawHaveKernels()
    {
        Assert.Equal(
            [GgmlType.Q4_0, GgmlType.Q4_1, GgmlType.Q5_0, GgmlType.Q5_1, GgmlType.Q8_0, GgmlType.Q4_K, GgmlType.Q5_K, GgmlType.Q6_K], Types);
    }

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void IntegersAreExact(GgmlType type)
    {
        // With scales of 1 the decoded weights are integers, and so is the float result: the integer sum itself.
        int columns = Math.Max(64, GgmlTypes.BlockLength(type));
        CpuOps ops = new(SimdLevel.Scalar, _pool);
        using QuantizedActivations q = new(1, columns);
        foreach (Fill fill in new[] { Fill.Random, Fill.Ones, Fill.Zeros, Fill.HighBits })
        {
            using Weights w = new Weights(type, 3, columns, fill, seed: 7).WithScales(1);
            float[][] decoded = [Decode(w.Matrix, 0), Decode(w.Matrix, 1), Decode(w.Matrix, 2)];
            foreach (int kind in new[] { 0, 1, 2 })
            {
                for (int b = 0; b < columns / 32; b++)
                {
                    Random random = new(b);
                    sbyte[] x = [.. Enumerable.Range(0, 32).Select(i => (sbyte)(kind switch { 0 => random.Next(-127, 128), 1 => 127, _ => i % 2 == 0 ? 127 : -127 }))];
                    ops.Quantize(new float[columns], columns, q);
                    SetBlock(q, b, x);
                    float[] y = new float[3];
                    ops.MatMul(w.Matrix, [], q, [], y);
                    Assert.Equal([.. decoded.Select(row => (float)x.Select((v, i) => (double)row[32 * b + i] * v).Sum())], y);
                }
            }
        }
    }

    /// <summary>Gives a block of row 0 these quants, with a scale of 1.</summary>
    private static void SetBlock(QuantizedActivations q, int b, sbyte[] x)
    {
        for (int i = 0; i < 32; i++)
        {
            q.Quants[QuantizedActivations.HalfOffset(b) + i / 16 * QuantizedActivations.SecondHalf + i % 16] = x[i];
            q.HalfSums[2 * b + i / 16] += x[i];
        }
        q.Scales[4 * b] = 1;
        q.ScaledSums[4 * b] = x.Sum(v => v);
    }

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void TheScalarLawIsCloseToADoubleOracle(GgmlType type)
    {
        foreach (int columns in new[] { 256, 1024, 2304 })
        {
            using Weights w = new(type, 4, columns, Fill.Random, seed: columns);
            float[] x = Activations.Random(columns, columns + 1);
            using QuantizedActivations q = new(1, columns);
            new CpuOps(SimdLevel.Scalar, _pool).Quantize(x, columns, q);
            float[] y = Multiply(SimdLevel.Scalar, w.Matrix, x);
            for (int r = 0; r < 4; r++)
            {
                float[] weights = Decode(w.Matrix, r);
                double oracle = 0, magnitude = 0;
                for (int k = 0; k < columns; k++)
                {
                    double quantized = (double)q.Scales[k / 32 * 4] * q.Quants[QuantizedActivations.HalfOffset(k / 32) + k % 32 / 16 * 64 + k % 16];
                    oracle += weights[k] * quantized;
                    magnitude += Magnitude(w.Matrix, r, k) * Math.Abs(quantized);
                }
                foreach (Outlier outlier in q.Outliers.Ordered)
                {
                    oracle += (double)weights[outlier.Column] * outlier.Value;
                    magnitude += 64.0 * Math.Abs(weights[outlier.Column] * outlier.Value);
                }
                // A term passes at most two roundings of its scale and one for each addition after it: two in each fourth block, two in the fold;
                // the decoded weight was rounded once. Each is at most 2^-24 of a sum that is at most `magnitude`.
                double bound = (columns / 32 / 4 * 2 + 6) * Math.ScaleB(1, -24) * magnitude;
                Assert.InRange(y[r], oracle - bound, oracle + bound);
                Assert.True(bound < 1e-3 * magnitude);
            }
        }
    }

    [Theory]
    [MemberData(nameof(LevelsAndTypes))]
    public void EveryBlockCountGivesTheBitsOfTheLaw(SimdLevel level, GgmlType type)
    {
        int length = GgmlTypes.BlockLength(type);
        int[] counts = length == 32 ? [.. Enumerable.Range(1, 41), 96, 301] : [1, 2, 3, 4, 5, 6, 7, 16, 37];
        foreach (int blocks in counts)
        {
            int columns = blocks * length;
            Compare(level, type, rows: 1 + blocks % 6, columns, tokens: 1 + blocks % 9, Fill.Random, Activations.Random, blocks);
            Compare(level, type, rows: 5, columns, tokens: 1, Fill.WildScales, Activations.Wild, blocks);
            Compare(level, type, rows: 3, columns, tokens: 5, Fill.WildScales, Activations.Wild, blocks);
        }
    }

    [Theory]
    [MemberData(nameof(LevelsAndTypes))]
    public void EveryTokenCountGivesTheBitsOfTheLaw(SimdLevel level, GgmlType type)
    {
        // Whole groups and every tail of blocks, with and without a whole step before; rows that are no multiple of a tile, biases, outliers.
        int length = GgmlTypes.BlockLength(type);
        int[] counts = length == 32 ? [1, 2, 3, 4, 5, 6, 7, 12] : [1, 2, 3];
        foreach (int blocks in counts)
        {
            for (int tokens = 1; tokens <= 26; tokens++)
            {
                int rows = 8 * (1 + tokens % 3) + (tokens + blocks) % 8, columns = blocks * length;
                float[] bias = Activations.Random(rows, tokens);
                Compare(level, type, rows, columns, tokens, Fill.Random, Outlying, blocks + tokens, tokens % 2 == 0 ? bias : []);
                Compare(level, type, rows, columns, tokens, Fill.WildScales, Activations.Wild, blocks + tokens, tokens % 4 < 2 ? bias : []);
            }
        }
    }

    [Theory]
    [MemberData(nameof(LevelsAndTypes))]
    public void OutliersOfEveryColumnGiveTheBitsOfTheLaw(SimdLevel level, GgmlType type)
    {
        const int Columns = 768, Tokens = 3;
        foreach (Fill fill in new[] { Fill.Random, Fill.HighBits, Fill.WildScales })
        {
            for (int column = 0; column < Columns; column += Tokens)
            {
                Compare(level, type, 1 + column / Tokens % 19, Columns, Tokens, fill, (count, seed) => WithOutliers(count, seed, column), column);
            }
        }

        static float[] WithOutliers(int count, int seed, int column)
        {
            float[] x = Rows.Uniform(seed, count);
            for (int t = 0; t < Tokens; t++)
            {
                x[t * Columns + column + t] = 100 + t;
            }
            return x;
        }
    }

    /// <summary>Values of which one in 150 stands far out, so that rows with several outliers, one and none occur.</summary>
    private static float[] Outlying(int count, int seed)
    {
        float[] x = Rows.Uniform(seed, count);
        Random random = new(seed);
        for (int i = random.Next(300); i < count; i += random.Next(1, 300))
        {
            x[i] *= 200;
        }
        return x;
    }

    [Theory]
    [MemberData(nameof(LevelsAndTypes))]
    public void ExtremesGiveTheBitsOfTheLaw(SimdLevel level, GgmlType type)
    {
        foreach (Fill fill in Enum.GetValues<Fill>())
        {
            foreach (int tokens in new[] { 1, 4, 6 })
            {
                Compare(level, type, 6, 1280, tokens, fill, (count, _) => Enumerable.Repeat(1f, count).ToArray(), 1);
                Compare(level, type, 6, 1280, tokens, fill, (count, _) => [.. Enumerable.Range(0, count).Select(i => i % 2 == 0 ? 1f : -1f)], 2);
                Compare(level, type, 6, 1280, tokens, fill, Activations.Random, 3);
                Compare(level, type, 6, 1280, tokens, fill, Activations.Wild, 4);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public unsafe void PaddingKeepsTheSignOfZero(SimdLevel level)
    {
        // Minimum times scaled sum is -2^-150 in every block, which rounds to -0: so are all four partial sums, and padding may not turn them.
        const int Blocks = 18, Columns = 32 * Blocks;
        using Weights w = new(GgmlType.Q4_1, 5, Columns, Fill.Zeros, 1);
        for (int i = 0; i < 5 * Blocks; i++)
        {
            ((BlockQ4_1*)w.Matrix.Data)[i].M = BitConverter.UInt16BitsToHalf(0x8001); // -2^-24
        }
        foreach (int tokens in new[] { 1, 4 })
        {
            CpuOps ops = new(level, _pool);
            using QuantizedActivations q = new(tokens, Columns);
            ops.Quantize(new float[tokens * Columns], Columns, q);
            new Span<float>(q.ScaledSums, 4 * Blocks).Fill(MathF.ScaleB(1, -126));
            for (int i = 0; i < tokens * Blocks; i++)
            {
                q.RowFactors(i / Blocks)[q.FactorIndex(i % Blocks)].ScaledSum = MathF.ScaleB(1, -126);
            }
            float[] y = new float[5 * tokens];
            ops.MatMul(w.Matrix, [], q, [], y);
            Assert.All(y, v => Assert.Equal(int.MinValue, BitConverter.SingleToInt32Bits(v)));
        }
    }

    private void Compare(
        SimdLevel level, GgmlType type, int rows, int columns, int tokens, Fill fill, Func<int, int, float[]> activations, int seed, float[]? bias = null)
    {
        using Weights w = new(type, rows, columns, fill, seed);
        float[] x = activations(tokens * columns, seed + 1);
        Bits.Equal(
            Multiply(SimdLevel.Scalar, w.Matrix, x, bias), Multiply(level, w.Matrix, x, bias),
            $"{type} {fill}, {rows} rows of {columns}, {tokens} tokens, {(bias is { Length: > 0 } ? "a bias, " : "")}{SimdLevels.Name(level)}");
    }

    private float[] Multiply(SimdLevel level, WeightMatrix w, float[] x, float[]? bias = null)
    {
        CpuOps ops = new(level, _pool);
        using QuantizedActivations q = new(x.Length / w.Columns, w.Columns);
        ops.Quantize(x, w.Columns, q);
        float[] y = new float[x.Length / w.Columns * w.Rows];
        ops.MatMul(w, [], q, bias, y);
        return y;
    }

    private static float[] Decode(WeightMatrix w, int row)
    {
        float[] weights = new float[w.Columns];
        RowDecoder.Decode(w.Type, new(w.Data + row * w.RowBytes, (int)w.RowBytes), weights);
        return weights;
    }

    /// <summary>|scale * q| + |minimum|: what a weight is computed from, which cancellation may make larger than the weight.</summary>
    private static double Magnitude(WeightMatrix w, int row, int k)
    {
        byte* start = w.Data + row * w.RowBytes;
        sbyte* q = stackalloc sbyte[32];
        BlockFactors f = w.Type switch
        {
            GgmlType.Q4_1 => DotQ4_1.Unpack(start, k / 32, q),
            GgmlType.Q5_1 => DotQ5_1.Unpack(start, k / 32, q),
            GgmlType.Q4_K => DotQ4_K.Unpack(start, k / 32, q),
            GgmlType.Q5_K => DotQ5_K.Unpack(start, k / 32, q),
            _ => default,
        };
        return f == default ? Math.Abs(Decode(w, row)[k]) : Math.Abs((double)f.Scale * q[k % 32]) + Math.Abs(f.Minimum);
    }
}
