using LocalLlm.Gguf;
using LocalLlm.Quant;

namespace LocalLlm.Kernels.Tests;

public sealed unsafe class MatMulTests
{
    private const int Rows = 71, Columns = 768, Tokens = 49;

    public static GgmlType[] Types { get; } =
        [.. Enum.GetValues<GgmlType>().Where(RowDecoder.Supports)];

    public static TheoryData<SimdLevel, GgmlType> LevelsAndTypes => Levels.With(Types);

    [Theory]
    [MemberData(nameof(LevelsAndTypes))]
    public void AResultDependsNeitherOnThreadsNorOnTheOtherTokens(SimdLevel level, GgmlType type)
    {
        using Weights w = Matrix(type);
        float[] x = Activations.Random(Tokens * Columns, 2), bias = Activations.Random(Rows, 3);
        using WorkerPool one = new(1), two = new(2), three = new(3);
        foreach (bool quantize in new[] { true, false })
        {
            float[] each = new float[Tokens * Rows];
            for (int t = 0; t < Tokens; t++)
            {
                Multiply(level, one, w.Matrix, x.AsSpan(t * Columns, Columns), bias, quantize).CopyTo(each, t * Rows);
            }
            foreach (WorkerPool pool in new[] { one, two, three })
            {
                foreach (int tokens in new[] { 1, 2, 3, 4, 7, 12, 17, 18, 24, 25, 33, 40, 41, Tokens })
                {
                    float[] y = Multiply(level, pool, w.Matrix, x.AsSpan(0, tokens * Columns), bias, quantize);
                    Bits.Equal(each.AsSpan(0, tokens * Rows), y, $"{type}, {tokens} tokens, {pool.Threads} threads, quantize {quantize}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(LevelsAndTypes))]
    public void LevelsAgreeOnFloatActivations(SimdLevel level, GgmlType type)
    {
        using Weights w = Matrix(type);
        using WorkerPool pool = new(2);
        float[] x = Activations.Random(6 * Columns, 4);
        Bits.Equal(
            Multiply(SimdLevel.Scalar, pool, w.Matrix, x, [], quantize: false), Multiply(level, pool, w.Matrix, x, [], quantize: false), $"{type}");
    }

    [Theory]
    [MemberData(nameof(LevelsAndTypes))]
    public void AResultDoesNotDependOnTheRowsBesideIt(SimdLevel level, GgmlType type)
    {
        using Weights w = Matrix(type);
        using WorkerPool pool = new(1);
        float[] x = Activations.Random(5 * Columns, 5);
        float[] all = Multiply(level, pool, w.Matrix, x, [], quantize: true);
        foreach ((int begin, int count) in new[] { (0, 1), (3, 2), (5, 7), (40, 31), (70, 1) })
        {
            WeightMatrix part = new(type, count, Columns, w.Matrix.Data + begin * w.Matrix.RowBytes);
            float[] y = Multiply(level, pool, part, x, [], quantize: true);
            for (int t = 0; t < 5; t++)
            {
                Bits.Equal(all.AsSpan(t * Rows + begin, count), y.AsSpan(t * count, count), $"{type}, rows {begin} to {begin + count}");
            }
        }
    }

    [Fact]
    public void TheBiasIsAddedLast()
    {
        using Weights w = Matrix(GgmlType.Q8_0);
        using WorkerPool pool = new(1);
        float[] x = Activations.Random(Columns, 6), bias = Activations.Random(Rows, 7);
        foreach (bool quantize in new[] { true, false })
        {
            float[] plain = Multiply(SimdLevel.Scalar, pool, w.Matrix, x, [], quantize);
            Bits.Equal([.. plain.Zip(bias, (y, b) => y + b)], Multiply(SimdLevel.Scalar, pool, w.Matrix, x, bias, quantize), "bias");
        }
    }

    [Theory]
    [MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void ACallAllocatesNothing(SimdLevel level)
    {
        using WorkerPool pool = new(2);
        CpuOps ops = new(level, pool);
        float[] x = Activations.Random(8 * 256, 8), y = new float[8 * 40];
        using QuantizedActivations q = new(8, 256);
        foreach (GgmlType type in new[] { GgmlType.Q8_0, GgmlType.Q6_K, GgmlType.F16, GgmlType.F32 })
        {
            using Weights w = new(type, 40, 256, Fill.Random, 9);
            WeightMatrix matrix = w.Matrix;
            Call(matrix);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Call(matrix);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        void Call(WeightMatrix matrix)
        {
            ops.Quantize(x, 256, q);
            ops.MatMul(matrix, x, q, default, y);
        }
    }

    [Fact]
    public void WrongShapesAreRefused()
    {
        using WorkerPool pool = new(1);
        CpuOps ops = new(Levels.InForce, pool);
        using Weights weights = new(GgmlType.Q8_0, 3, 64, Fill.Random, 1);
        WeightMatrix w = weights.Matrix;
        using QuantizedActivations q = new(2, 64);
        ops.Quantize(new float[128], 64, q);
        Assert.Throws<ArgumentException>(() => ops.MatMul(w, [], q, [], new float[5]));
        Assert.Throws<ArgumentException>(() => ops.MatMul(w, [], q, [], new float[3]));
        Assert.Throws<ArgumentException>(() => ops.MatMul(w, [], q, new float[2], new float[6]));
        Assert.Throws<ArgumentException>(() => ops.MatMul(w, new float[127], null, [], new float[6]));
        ops.MatMul(w, [], q, [], []);
        Assert.ThrowsAny<ArgumentException>(() => new WeightMatrix(GgmlType.Q4_K, 1, 64, null));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WeightMatrix(GgmlType.Q8_0, 0, 64, null));
    }

    private static Weights Matrix(GgmlType type) => new(type, Rows, Columns, Fill.Random, 1);

    private static float[] Multiply(SimdLevel level, WorkerPool pool, WeightMatrix w, ReadOnlySpan<float> x, ReadOnlySpan<float> bias, bool quantize)
    {
        CpuOps ops = new(level, pool);
        using QuantizedActivations q = new(x.Length / w.Columns, w.Columns);
        ops.Quantize(x, w.Columns, q);
        float[] y = new float[x.Length / w.Columns * w.Rows];
        ops.MatMul(w, x, quantize ? q : null, bias, y);
        return y;
    }
}
