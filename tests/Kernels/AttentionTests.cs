namespace LocalLlm.Kernels.Tests;

public sealed class AttentionTests
{
    /// <summary>Positions on both sides of the borders of vectors, blocks and tiles.</summary>
    private static readonly int[] s_positions = [0, 1, 3, 4, 15, 16, 31, 32, 33, 63, 127, 128, 129, 160, 255, 256, 257, 299, 300];

    private static readonly AttentionShape[] s_shapes =
    [
        new(1, 1, 64, 64, KvType.F16),
        new(2, 2, 64, 64, KvType.F32),
        new(1, 3, 72, 72, KvType.F16),
        new(2, 3, 72, 40, KvType.F32),
        new(3, 4, 80, 80, KvType.F16),
        new(1, 4, 80, 96, KvType.F32),
        new(2, 2, 128, 128, KvType.F16),
        new(1, 8, 128, 64, KvType.F16),
        new(1, 8, 128, 128, KvType.F32),
        new(2, 1, 7, 5, KvType.F16),
        new(1, 5, 33, 200, KvType.F32),
        new(2, 2, 128, 128, KvType.Q8_0),
        new(1, 4, 96, 64, KvType.Q8_0),
        new(1, 7, 80, 72, KvType.Q8_0),
        new(2, 1, 33, 5, KvType.Q8_0),
    ];

    public static TheoryData<SimdLevel, AttentionShape> LevelsAndShapes()
    {
        TheoryData<SimdLevel, AttentionShape> data = [];
        foreach (SimdLevel level in Levels.Run)
        {
            foreach (AttentionShape shape in s_shapes)
            {
                data.Add(level, shape);
            }
        }
        return data;
    }

    [Theory, MemberData(nameof(LevelsAndShapes))]
    public void Is_softmax_of_scores_times_values(SimdLevel level, AttentionShape shape)
    {
        using AttentionCase data = new(shape, [301]);
        using WorkerPool pool = new(2);
        foreach (int position in s_positions)
        {
            TokenId token = new(0, position);
            float[] output = data.Attend(new CpuOps(level, pool), token);
            for (int head = 0; head < shape.Heads; head++)
            {
                double[] expected = data.Oracle(token, head);
                for (int i = 0; i < shape.ValueLength; i++)
                {
                    Assert.Equal(expected[i], output[(head * shape.ValueLength) + i], 3e-5); // values reach 16
                }
            }
        }
    }

    [Theory, MemberData(nameof(LevelsAndShapes))]
    public void Every_level_gives_the_bits_of_the_scalar_one(SimdLevel level, AttentionShape shape)
    {
        using AttentionCase data = new(shape, [301, 140], scoreSize: 6);
        using WorkerPool one = new(1), two = new(2);
        CpuOps scalar = new(SimdLevel.Scalar, one), ops = new(level, two);
        TokenId[] batch = [.. s_positions.Select(p => new TokenId(0, p)), .. Enumerable.Range(100, 40).Select(p => new TokenId(1, p))];
        float[] expected = data.Attend(scalar, batch);
        Rows.AssertSameBits(expected, data.Attend(ops, batch), "batch");
    }

    [Theory, MemberData(nameof(LevelsAndShapes))]
    public void The_number_of_threads_does_not_show(SimdLevel level, AttentionShape shape)
    {
        // One deep token is split between the workers, a batch is not; 1100 positions are 9 tiles.
        using AttentionCase data = new(shape, [1100, 200]);
        TokenId[][] batches = [[new(0, 1099)], [new(0, 1023), new(0, 1024), new(1, 199)], [.. data.Tokens(1)]];
        foreach (TokenId[] batch in batches)
        {
            using WorkerPool one = new(1);
            float[] expected = data.Attend(new CpuOps(level, one), batch);
            foreach (int threads in new[] { 2, 3, 8 })
            {
                using WorkerPool pool = new(threads);
                Rows.AssertSameBits(expected, data.Attend(new CpuOps(level, pool), batch), $"{threads} threads");
            }
        }
    }

    [Theory, MemberData(nameof(LevelsAndShapes))]
    public void The_batch_does_not_show(SimdLevel level, AttentionShape shape)
    {
        using AttentionCase data = new(shape, [150, 300, 40]);
        using WorkerPool pool = new(2);
        CpuOps ops = new(level, pool);
        TokenId[] mixed =
        [
            .. data.Tokens(0).Skip(90), // prefill of a prompt whose beginning is cached
            new(1, 299),                // decode
            .. data.Tokens(2),          // prefill from the start
            new(1, 128), new(1, 127), new(0, 3), new(2, 31), new(1, 255), new(1, 256), // no order at all
        ];
        float[] together = data.Attend(ops, mixed);
        int row = shape.Heads * shape.ValueLength;
        for (int i = 0; i < mixed.Length; i++)
        {
            Rows.AssertSameBits(data.Attend(ops, mixed[i]), together.AsSpan(i * row, row), $"{mixed[i]}");
        }
    }

    [Theory, MemberData(nameof(LevelsAndShapes))]
    public void Extreme_scores(SimdLevel level, AttentionShape shape)
    {
        using WorkerPool one = new(1), two = new(2);
        CpuOps scalar = new(SimdLevel.Scalar, one), ops = new(level, two);
        foreach (float size in new[] { 0, 1e-30f, 100, 1e4f, 1e15f, 1e30f })
        {
            using AttentionCase data = new(shape, [300], size);
            TokenId token = new(0, 299);
            float[] output = data.Attend(ops, token);
            Assert.All(output, x => Assert.True(float.IsFinite(x)));
            Rows.AssertSameBits(data.Attend(scalar, token), output, $"scores of size {size}");
        }
    }

    [Theory, MemberData(nameof(LevelsAndShapes))]
    public void A_score_that_overflows_shows_as_NaN_at_every_level(SimdLevel level, AttentionShape shape)
    {
        using AttentionCase data = new(shape, [140], scoreSize: 1, data => data.Query(new TokenId(0, 139), 0).Fill(float.PositiveInfinity));
        using WorkerPool one = new(1), two = new(2);
        float[] output = data.Attend(new CpuOps(level, two), new TokenId(0, 139), new TokenId(0, 138));
        Assert.All(output[..shape.ValueLength], x => Assert.True(float.IsNaN(x)));
        Assert.All(output[(shape.Heads * shape.ValueLength)..], x => Assert.True(float.IsFinite(x)));
        Rows.AssertSameBits(data.Attend(new CpuOps(SimdLevel.Scalar, one), new TokenId(0, 139), new TokenId(0, 138)), output);
    }

    [Theory, MemberData(nameof(LevelsAndShapes))]
    public void A_token_never_meets_later_positions(SimdLevel level, AttentionShape shape)
    {
        // The last token's keys and values are infinite: whoever multiplies them, even by 0, gets NaN.
        TokenId last = new(0, 139);
        using AttentionCase clean = new(shape, [140]);
        using AttentionCase spoiled = new(shape, [140], 1, data =>
        {
            for (int head = 0; head < shape.KvHeads; head++)
            {
                data.Key(last, head).Fill(float.PositiveInfinity);
                data.Value(last, head).Fill(float.PositiveInfinity);
            }
        });
        using WorkerPool pool = new(1);
        CpuOps ops = new(level, pool);
        TokenId[] batch = [.. clean.Tokens(0).Skip(100)];
        int others = (batch.Length - 1) * shape.Heads * shape.ValueLength;
        Rows.AssertSameBits(clean.Attend(ops, batch).AsSpan(0, others), spoiled.Attend(ops, batch).AsSpan(0, others), "all but the last token");
    }

    [Theory, MemberData(nameof(LevelsAndShapes))]
    public void Append_stores_the_nearest_numbers_at_the_tokens_places(SimdLevel level, AttentionShape shape)
    {
        using AttentionCase expected = new(shape, [70]);
        using KvPool pool = new(AttentionCase.Layers, shape.KvHeads, shape.KeyLength, shape.ValueLength, shape.Type, 6);
        using WorkerPool workers = new(2);
        TokenId[] tokens = [.. expected.Tokens(0)];
        float[] keys = [.. tokens.SelectMany(t => Enumerable.Range(0, shape.KvHeads).SelectMany(h => expected.Key(t, h).ToArray()))];
        float[] values = [.. tokens.SelectMany(t => Enumerable.Range(0, shape.KvHeads).SelectMany(h => expected.Value(t, h).ToArray()))];
        TokenPlace[] places = expected.Places(tokens);
        new CpuOps(level, workers).KvAppend(pool, AttentionCase.Layer, keys, values, places);
        for (int i = 0; i < tokens.Length; i++)
        {
            for (int head = 0; head < shape.KvHeads; head++)
            {
                AssertStored(pool, places[i], head, true, expected.Key(tokens[i], head));
                AssertStored(pool, places[i], head, false, expected.Value(tokens[i], head));
            }
        }
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Quantized_blocks_at_the_ends_of_the_range(SimdLevel level)
    {
        // Blocks of 32: zeros; numbers too small for a scale; a scale of one subnormal step, rounded down; ties; the largest scale; past it;
        // infinity; NaN.
        float step = (float)BitConverter.UInt16BitsToHalf(1);
        float[][] blocks =
        [
            new float[32], Block(1e-9f), Block(step * 127 * 1.4f), [.. Enumerable.Range(0, 32).Select(i => i == 0 ? 127f : i - 15.5f)],
            Block(65504f * 127), Block(66000f * 127), Block(float.PositiveInfinity), Block(float.NaN),
        ];
        float[] row = [.. blocks.SelectMany(block => block)];
        using KvPool pool = new(AttentionCase.Layers, 1, row.Length, row.Length, KvType.Q8_0, 1);
        using AttentionCase data = new(new AttentionShape(1, 1, 64, 64, KvType.F16), [3]);
        using WorkerPool workers = new(1);
        TokenPlace[] place = data.Places([new(0, 2)]);
        unsafe
        {
            place[0].BlockTable[0] = 0;
        }
        new CpuOps(level, workers).KvAppend(pool, AttentionCase.Layer, row, row, place);
        AssertStored(pool, place[0], 0, true, row);
        AssertStored(pool, place[0], 0, false, row);

        static float[] Block(float largest) => [.. Enumerable.Range(0, 32).Select(i => i == 7 ? largest : (i - 16) * 1e-10f)];
    }

    [Theory, MemberData(nameof(Levels.All), MemberType = typeof(Levels))]
    public void Nothing_is_allocated_once_warm(SimdLevel level)
    {
        AttentionShape shape = new(2, 2, 64, 64, KvType.F16);
        using AttentionCase data = new(shape, [300]);
        using WorkerPool pool = new(1);
        CpuOps ops = new(level, pool);
        TokenPlace[] places = data.Places([new(0, 298), new(0, 299)]);
        float[] q = Rows.Uniform(1, 2 * shape.Heads * 64), k = Rows.Uniform(2, 2 * shape.KvHeads * 64), output = new float[q.Length];
        long before = 0;
        for (int round = 0; round < 3; round++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            ops.KvAppend(data.Pool, AttentionCase.Layer, k, k, places);
            ops.Attention(data.Pool, AttentionCase.Layer, q, places, shape.Heads, 0.125f, output);
            ops.RmsNorm(q, k, 1e-6f, output);
            ops.SwiGlu(q, output, output);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Wrong_shapes_are_refused()
    {
        using AttentionCase data = new(new AttentionShape(2, 2, 64, 64, KvType.F16), [3]);
        using WorkerPool pool = new(1);
        CpuOps ops = new(SimdLevel.Scalar, pool);
        TokenPlace[] places = data.Places([new(0, 2)]);
        float[] row = new float[4 * 64];
        Assert.Throws<ArgumentOutOfRangeException>(() => ops.Attention(data.Pool, 2, row, places, 4, 1, row));
        Assert.Throws<ArgumentException>(() => ops.Attention(data.Pool, 0, row, places, 3, 1, row));
        Assert.Throws<ArgumentException>(() => ops.Attention(data.Pool, 0, new float[5 * 64], places, 4, 1, row));
        Assert.Throws<ArgumentException>(() => ops.Attention(data.Pool, 0, row, places, 4, 1, new float[64]));
        Assert.Throws<ArgumentException>(() => ops.KvAppend(data.Pool, 0, row, row, places));
    }

    private static unsafe void AssertStored(KvPool pool, TokenPlace place, int head, bool keys, ReadOnlySpan<float> numbers)
    {
        StoredRow expected = StoredRow.Of(pool.Type, numbers);
        int block = place.BlockTable[place.Position / 32], row = place.Position % 32;
        byte* piece = keys ? pool.Keys(AttentionCase.Layer, block, head) : pool.Values(AttentionCase.Layer, block, head);
        Assert.Equal(expected.Numbers, new ReadOnlySpan<byte>(piece + (row * expected.Numbers.Length), expected.Numbers.Length));
        byte* scales = piece + (32 * expected.Numbers.Length) + (row * expected.Scales.Length);
        Assert.Equal(expected.Scales, new ReadOnlySpan<byte>(scales, expected.Scales.Length));
    }
}
