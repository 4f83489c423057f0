namespace LocalLlm.Kernels.Tests;

/// <summary>A shape of attention, as test data.</summary>
public sealed record AttentionShape(int KvHeads, int HeadsPerKv, int KeyLength, int ValueLength, KvType Type)
{
    public int Heads => KvHeads * HeadsPerKv;
}

/// <summary>A token of the sequences of an <see cref="AttentionCase"/>.</summary>
internal readonly record struct TokenId(int Sequence, int Position);

/// <summary>
/// A cache filled with a few sequences, their blocks scattered over the pool, the gaps full of NaNs; queries for every token; and attention
/// over any batch of those tokens.
/// </summary>
internal sealed unsafe class AttentionCase : IDisposable
{
    public const int Layers = 2, Layer = 1;

    private readonly int[][] _tables; // pinned
    private readonly float[][] _keys;    // of a sequence, [positions, kvHeads, keyLength]
    private readonly float[][] _values;  // of a sequence, [positions, kvHeads, valueLength]
    private readonly float[][] _queries; // of a sequence, [positions, heads, keyLength]

    public AttentionCase(AttentionShape shape, int[] lengths, float scoreSize = 1, Action<AttentionCase>? change = null)
    {
        (Shape, Lengths) = (shape, lengths);
        _keys = [.. lengths.Select((n, i) => Rows.Uniform(i, n * shape.KvHeads * shape.KeyLength, 2))];
        _values = [.. lengths.Select((n, i) => Rows.Wide(i + 100, n * shape.KvHeads * shape.ValueLength, 3))];
        _queries = [.. lengths.Select((n, i) => Rows.Uniform(i + 200, n * shape.Heads * shape.KeyLength, 2 * scoreSize))];
        change?.Invoke(this);
        int[] perSequence = [.. lengths.Select(n => (n + KvPool.BlockPositions - 1) / KvPool.BlockPositions)];
        int blocks = perSequence.Sum() + 3;
        Pool = new KvPool(Layers, shape.KvHeads, shape.KeyLength, shape.ValueLength, shape.Type, blocks);
        new Span<byte>(Pool.Keys(0, 0, 0), (int)(blocks * Pool.BytesPerBlock)).Fill(0xFF); // NaN as a number and as a scale: to read a gap shows
        int[] numbers = [.. Enumerable.Range(0, blocks)];
        new Random(blocks).Shuffle(numbers);
        int next = 0;
        _tables = new int[lengths.Length][];
        for (int i = 0; i < lengths.Length; i++)
        {
            _tables[i] = GC.AllocateArray<int>(perSequence[i], pinned: true);
            numbers.AsSpan(next, perSequence[i]).CopyTo(_tables[i]);
            next += perSequence[i];
        }
        using WorkerPool one = new(1);
        CpuOps ops = new(SimdLevel.Scalar, one);
        for (int i = 0; i < lengths.Length; i++)
        {
            ops.KvAppend(Pool, Layer, _keys[i], _values[i], Places([.. Tokens(i)]));
        }
    }

    public AttentionShape Shape { get; }

    public int[] Lengths { get; }

    public KvPool Pool { get; }

    public Span<float> Key(TokenId token, int kvHead) =>
        _keys[token.Sequence].AsSpan(((token.Position * Shape.KvHeads) + kvHead) * Shape.KeyLength, Shape.KeyLength);

    public Span<float> Value(TokenId token, int kvHead) =>
        _values[token.Sequence].AsSpan(((token.Position * Shape.KvHeads) + kvHead) * Shape.ValueLength, Shape.ValueLength);

    public Span<float> Query(TokenId token, int head) =>
        _queries[token.Sequence].AsSpan(((token.Position * Shape.Heads) + head) * Shape.KeyLength, Shape.KeyLength);

    /// <summary>All tokens of a sequence.</summary>
    public IEnumerable<TokenId> Tokens(int sequence) => Enumerable.Range(0, Lengths[sequence]).Select(p => new TokenId(sequence, p));

    public TokenPlace[] Places(TokenId[] batch)
    {
        TokenPlace[] places = new TokenPlace[batch.Length];
        for (int i = 0; i < batch.Length; i++)
        {
            fixed (int* table = _tables[batch[i].Sequence]) // pinned anyway
            {
                places[i] = new TokenPlace(table, batch[i].Position);
            }
        }
        return places;
    }

    /// <summary>Attention of a batch, [tokens, heads, valueLength].</summary>
    public float[] Attend(CpuOps ops, params TokenId[] batch)
    {
        int query = Shape.Heads * Shape.KeyLength;
        float[] queries = new float[batch.Length * query], output = new float[batch.Length * Shape.Heads * Shape.ValueLength];
        for (int i = 0; i < batch.Length; i++)
        {
            _queries[batch[i].Sequence].AsSpan(batch[i].Position * query, query).CopyTo(queries.AsSpan(i * query));
        }
        ops.Attention(Pool, Layer, queries, Places(batch), Shape.Heads, Scale, output);
        return output;
    }

    public float Scale => 1 / MathF.Sqrt(Shape.KeyLength);

    /// <summary>The same in double precision, by the textbook: softmax over all positions at once.</summary>
    public double[] Oracle(TokenId token, int head)
    {
        int kvHead = head / Shape.HeadsPerKv;
        double[] scores = new double[token.Position + 1];
        for (int j = 0; j < scores.Length; j++)
        {
            ReadOnlySpan<float> q = Query(token, head), stored = StoredRow.Of(Shape.Type, Key(token with { Position = j }, kvHead)).Values;
            for (int i = 0; i < q.Length; i++)
            {
                scores[j] += (double)q[i] * stored[i];
            }
            scores[j] *= Scale;
        }
        double max = scores.Max(), sum = scores.Sum(s => Math.Exp(s - max));
        double[] output = new double[Shape.ValueLength];
        for (int j = 0; j < scores.Length; j++)
        {
            float[] stored = StoredRow.Of(Shape.Type, Value(token with { Position = j }, kvHead)).Values;
            for (int i = 0; i < stored.Length; i++)
            {
                output[i] += Math.Exp(scores[j] - max) / sum * stored[i];
            }
        }
        return output;
    }

    public void Dispose() => Pool.Dispose();
}
