namespace LocalLlm.Kernels.Tests;

/// <summary>Attention of whole sequences: bits of the scalar level, values of the formula in double precision, and no influence of neighbours.</summary>
public sealed class SequenceAttentionTests
{
    private static readonly (int Heads, int HeadLength, int[] Lengths)[] s_cases =
    [
        (1, 1, [1]), (2, 32, [1, 2, 3, 4, 5]), (12, 32, [30, 7, 16]), (3, 20, [17, 1, 33]), (2, 64, [129, 128]), (1, 16, [300, 5]),
    ];

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Every_level_gives_the_bits_of_the_scalar_one(SimdLevel level)
    {
        foreach ((int heads, int headLength, int[] lengths) in s_cases)
        {
            Rows.AssertSameBits(Run(SimdLevel.Scalar, 1, heads, headLength, lengths), Run(level, 3, heads, headLength, lengths), $"{heads} x {headLength}");
        }
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Every_token_sees_all_of_its_own_sequence(SimdLevel level)
    {
        foreach ((int heads, int headLength, int[] lengths) in s_cases)
        {
            float[] actual = Run(level, 2, heads, headLength, lengths), expected = Expected(heads, headLength, lengths);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i], actual[i], 2e-5);
            }
        }
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void A_sequence_gives_the_same_bits_alone(SimdLevel level)
    {
        using WorkerPool pool = new(2);
        CpuOps ops = new(level, pool);
        const int heads = 3, headLength = 32, width = heads * headLength;
        int[] lengths = [9, 40, 1, 23];
        (float[] q, float[] k, float[] v) = Inputs(width, lengths.Sum());
        float[] together = Run(level, 2, heads, headLength, lengths);
        int start = 0;
        foreach (int length in lengths)
        {
            Range part = (start * width)..((start + length) * width);
            float[] alone = new float[length * width];
            ops.SequenceAttention(q[part], k[part], v[part], [length], heads, headLength, 0.3f, alone);
            Rows.AssertSameBits(alone, together[part], $"{length} tokens");
            start += length;
        }
    }

    [Fact]
    public void Wrong_shapes_are_refused()
    {
        using WorkerPool pool = new(1);
        CpuOps ops = new(SimdLevel.Scalar, pool);
        float[] x = new float[24];
        Assert.Throws<ArgumentException>(() => ops.SequenceAttention(x, x, x, [2], 2, 4, 1, x));
        Assert.Throws<ArgumentException>(() => ops.SequenceAttention(x, x, new float[23], [3], 2, 4, 1, x));
        Assert.Throws<ArgumentOutOfRangeException>(() => ops.SequenceAttention(x, x, x, [3, 0], 2, 4, 1, x));
        Assert.Throws<ArgumentOutOfRangeException>(() => ops.SequenceAttention(x, x, x, [3], 0, 4, 1, x));
    }

    private static float[] Run(SimdLevel level, int threads, int heads, int headLength, int[] lengths)
    {
        using WorkerPool pool = new(threads);
        (float[] q, float[] k, float[] v) = Inputs(heads * headLength, lengths.Sum());
        float[] output = new float[q.Length];
        new CpuOps(level, pool).SequenceAttention(q, k, v, lengths, heads, headLength, 0.3f, output);
        return output;
    }

    private static (float[] Q, float[] K, float[] V) Inputs(int width, int tokens) =>
        (Rows.Uniform(1, width * tokens, 3), Rows.Uniform(2, width * tokens, 3), Rows.Uniform(3, width * tokens, 2));

    private static float[] Expected(int heads, int headLength, int[] lengths)
    {
        int width = heads * headLength;
        (float[] q, float[] k, float[] v) = Inputs(width, lengths.Sum());
        float[] result = new float[q.Length];
        int start = 0;
        foreach (int length in lengths)
        {
            for (int at = 0; at < length * heads; at++)
            {
                int head = at % heads * headLength, query = ((start + (at / heads)) * width) + head;
                double[] e = [.. Enumerable.Range(0, length).Select(j => Enumerable.Range(0, headLength).Sum(d => (double)q[query + d] * k[((start + j) * width) + head + d]) * 0.3f)];
                double max = e.Max(), sum = e.Sum(s => Math.Exp(s - max));
                for (int d = 0; d < headLength; d++)
                {
                    result[query + d] = (float)(Enumerable.Range(0, length).Sum(j => Math.Exp(e[j] - max) * v[((start + j) * width) + head + d]) / sum);
                }
            }
            start += length;
        }
        return result;
    }
}
