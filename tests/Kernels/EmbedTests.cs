using LocalLlm.Gguf;
using LocalLlm.Quant;

namespace LocalLlm.Kernels.Tests;

public sealed unsafe class EmbedTests
{
    [Theory]
    [MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void RowsOfTheTokens(SimdLevel level)
    {
        using WorkerPool pool = new(2);
        foreach (GgmlType type in new[] { GgmlType.F32, GgmlType.F16, GgmlType.Q4_1, GgmlType.Q6_K })
        {
            using Weights table = new(type, 50, 256, Fill.Random, 3);
            int[] tokens = [49, 0, 7, 7, .. Enumerable.Range(0, 300).Select(i => i * 13 % 50)];
            float[] x = new float[tokens.Length * 256];
            new CpuOps(level, pool).Embed(table.Matrix, tokens, x);
            float[] row = new float[256];
            for (int t = 0; t < tokens.Length; t++)
            {
                RowDecoder.Decode(type, new(table.Matrix.Data + tokens[t] * table.Matrix.RowBytes, (int)table.Matrix.RowBytes), row);
                Bits.Equal(row, x.AsSpan(t * 256, 256), $"{type}, token {tokens[t]}");
            }
        }
    }

    [Fact]
    public void TokensOutsideTheTableAreRefused()
    {
        using WorkerPool pool = new(1);
        CpuOps ops = new(Levels.InForce, pool);
        using Weights weights = new(GgmlType.F32, 5, 32, Fill.Zeros, 3);
        WeightMatrix table = weights.Matrix;
        Assert.Contains("Token 5", Assert.Throws<ArgumentException>(() => ops.Embed(table, [1, 5], new float[64])).Message);
        Assert.Contains("Token -1", Assert.Throws<ArgumentException>(() => ops.Embed(table, [-1], new float[32])).Message);
        Assert.Throws<ArgumentException>(() => ops.Embed(table, [1, 2], new float[63]));
    }
}
