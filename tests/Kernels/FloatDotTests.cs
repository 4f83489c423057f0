using LocalLlm.Kernels.Dot;

namespace LocalLlm.Kernels.Tests;

public unsafe class FloatDotTests
{
    [Theory]
    [MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void EveryLengthGivesTheBitsOfTheLaw(SimdLevel level)
    {
        foreach (int n in Enumerable.Range(0, 70).Append(1000).Append(4096))
        {
            float[] w = Activations.Random(4 * n + 16, n), x = Activations.Random(6 * n + 16, n + 1);
            float[] tiny = [.. w.Select((v, i) => i % 3 == 0 ? v * 1e-30f : -1e-25f)];
            Check(level, w, x, n);
            Check(level, tiny, [.. tiny, .. tiny], n); // products that round to zeros of both signs and to subnormals
            Check(level, [.. w.Select(_ => 1e-30f)], [.. x.Select(_ => -1e-30f)], n); // every lane is -0, which no completion of a step may turn
        }
    }

    [Fact]
    public void TheScalarLawIsCloseToADoubleOracle()
    {
        foreach (int n in new[] { 1, 16, 100, 3000 })
        {
            float[] w = Activations.Random(n, n), x = Activations.Random(n, n + 1);
            double oracle = w.Zip(x, (a, b) => (double)a * b).Sum(), magnitude = w.Zip(x, (a, b) => Math.Abs((double)a * b)).Sum();
            // One rounding for each sixteenth element, four in the fold.
            double bound = (n / 16 + 5) * Math.ScaleB(1, -24) * magnitude;
            fixed (float* pw = w, px = x)
            {
                Assert.InRange(FloatDot.Dot(SimdLevel.Scalar, pw, px, n), oracle - bound, oracle + bound);
            }
        }
    }

    private static void Check(SimdLevel level, float[] w, float[] x, int n)
    {
        fixed (float* pw = w, px = x)
        {
            FourVectors rows = FourVectors.Of(pw, n, 0, 3), tokens = FourVectors.Of(px + 1, n, 0, 3);
            float[] expected = new float[24];
            for (int i = 0; i < 24; i++)
            {
                expected[i] = Law(pw + i % 4 * n, px + 1 + i / 4 * n, n);
                Bits.Equal([expected[i]], [FloatDot.Dot(level, pw + i % 4 * n, px + 1 + i / 4 * n, n)], $"dot of {n}");
            }
            float[] actual = new float[24];
            fixed (float* dots = actual)
            {
                WideTile(level, rows, SixVectors.Of(px + 1, n, 0, 5), n, dots);
                Bits.Equal(expected, actual, $"wide tile of {n}");
                Tile(level, rows, tokens, n, dots);
                Bits.Equal(expected.AsSpan(0, 16), actual.AsSpan(0, 16), $"tile of {n}");
                Rows(level, rows, tokens.V2, n, dots);
                Bits.Equal(expected.AsSpan(8, 4), actual.AsSpan(0, 4), $"rows of {n}");
            }
        }
    }

    /// <summary>The text of <c>docs/arithmetic.md</c>, once more.</summary>
    private static float Law(float* w, float* x, int n)
    {
        float[] lane = new float[16];
        for (int k = 0; k < n; k++)
        {
            lane[k % 16] = MathF.FusedMultiplyAdd(w[k], x[k], lane[k % 16]);
        }
        float[] eight = [.. Enumerable.Range(0, 8).Select(i => lane[i] + lane[i + 8])];
        float[] four = [.. Enumerable.Range(0, 4).Select(i => eight[i] + eight[i + 4])];
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    private static void WideTile(SimdLevel level, FourVectors w, SixVectors x, int n, float* dots)
    {
        switch (level)
        {
            case SimdLevel.Avx512 or SimdLevel.Avx512Vnni: Avx512FloatTile.WideTile(w, x, n, dots); break;
            case SimdLevel.Avx2 or SimdLevel.AvxVnni: Avx2FloatTile.WideTile(w, x, n, dots); break;
            default: ScalarFloatTile.WideTile(w, x, n, dots); break;
        }
    }

    private static void Tile(SimdLevel level, FourVectors w, FourVectors x, int n, float* dots)
    {
        switch (level)
        {
            case SimdLevel.Avx512 or SimdLevel.Avx512Vnni: Avx512FloatTile.Tile(w, x, n, dots); break;
            case SimdLevel.Avx2 or SimdLevel.AvxVnni: Avx2FloatTile.Tile(w, x, n, dots); break;
            default: ScalarFloatTile.Tile(w, x, n, dots); break;
        }
    }

    private static void Rows(SimdLevel level, FourVectors w, float* x, int n, float* dots)
    {
        switch (level)
        {
            case SimdLevel.Avx512 or SimdLevel.Avx512Vnni: Avx512FloatTile.Rows(w, x, n, dots); break;
            case SimdLevel.Avx2 or SimdLevel.AvxVnni: Avx2FloatTile.Rows(w, x, n, dots); break;
            default: ScalarFloatTile.Rows(w, x, n, dots); break;
        }
    }
}
