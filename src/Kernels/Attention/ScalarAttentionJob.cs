namespace LocalLlm.Kernels;

/// <summary>
/// Attention at the scalar level: the law of docs/arithmetic.md read from top to bottom, one token and one query head at a time. The
/// unit of work is such a pair, pairs counted in the order of the output's rows.
/// </summary>
internal unsafe struct ScalarAttentionJob<TFormat> : IParallelJob
    where TFormat : struct, IKvFormat
{
    /// <summary>The arguments.</summary>
    public AttentionCall Call;

    /// <summary>Floats of a worker's scratch memory for this call.</summary>
    public static int ScratchFloats(KvPool kv) => AttentionCall.TilePositions + Math.Max(kv.KeyLength, kv.ValueLength) + (2 * kv.ValueLength);

    /// <summary>Memory of the workers.</summary>
    public AttentionScratch Scratch;

    /// <inheritdoc/>
    public readonly void Run(int begin, int end, int worker)
    {
        float* scores = Scratch.Worker(worker);                // [128]
        float* widened = scores + AttentionCall.TilePositions; // [keyLength or valueLength]: one key or value
        float* tile = widened + Math.Max(Call.Kv.KeyLength, Call.Kv.ValueLength); // [valueLength]: a tile's weighted values
        float* total = tile + Call.Kv.ValueLength;             // [valueLength]: those of all tiles so far
        for (int row = begin; row < end; row++)
        {
            Attend(row, scores, widened, tile, total);
        }
    }

    private readonly void Attend(int row, float* scores, float* widened, float* tile, float* total)
    {
        int kvHead = row % Call.Heads / Call.HeadsPerKv, valueLength = Call.Kv.ValueLength;
        TokenPlace place = Call.Places[row / Call.Heads];
        float* query = Call.Queries + ((long)row * Call.Kv.KeyLength);
        float totalMax = 0, totalSum = 0;
        for (int start = 0; start <= place.Position; start += AttentionCall.TilePositions)
        {
            int count = Math.Min(place.Position + 1 - start, AttentionCall.TilePositions);
            Score(query, place, kvHead, start, count, scores, widened);
            float max = ScalarLane.Max(scores, count);
            Softmax.Exponentiate<ScalarLane>(scores, count, max);
            float sum = ScalarLane.Sum(scores, count);
            Weigh(scores, place, kvHead, start, count, widened, start == 0 ? total : tile);
            if (start == 0)
            {
                (totalMax, totalSum) = (max, sum);
                continue;
            }
            float newMax = max > totalMax ? max : totalMax;
            float x = Exponential.Exp(totalMax - newMax), y = Exponential.Exp(max - newMax);
            totalSum = MathF.FusedMultiplyAdd(totalSum, x, sum * y);
            totalMax = newMax;
            for (int i = 0; i < valueLength; i++)
            {
                total[i] = MathF.FusedMultiplyAdd(total[i], x, tile[i] * y);
            }
        }
        float inverse = 1 / totalSum;
        for (int i = 0; i < valueLength; i++)
        {
            Call.Output[((long)row * valueLength) + i] = total[i] * inverse;
        }
    }

    /// <summary>scores[j] = dot(query, key of position start + j) * scale, j &lt; count.</summary>
    private readonly void Score(float* query, TokenPlace place, int kvHead, int start, int count, float* scores, float* widened)
    {
        int keyLength = Call.Kv.KeyLength;
        for (int j = 0; j < count; j++)
        {
            int block = place.BlockTable[(start + j) / KvPool.BlockPositions];
            TFormat.WidenRow<ScalarLane>(Call.Kv.Keys(Call.Layer, block, kvHead), (start + j) % KvPool.BlockPositions, keyLength, widened);
            scores[j] = ScalarLane.Dot(query, widened, keyLength) * Call.Scale;
        }
    }

    /// <summary>sum[i] = the values' i-th numbers times the weights, added in order of position.</summary>
    private readonly void Weigh(float* weights, TokenPlace place, int kvHead, int start, int count, float* widened, float* sum)
    {
        int valueLength = Call.Kv.ValueLength;
        new Span<float>(sum, valueLength).Clear();
        for (int j = 0; j < count; j++)
        {
            int block = place.BlockTable[(start + j) / KvPool.BlockPositions];
            TFormat.WidenRow<ScalarLane>(Call.Kv.Values(Call.Layer, block, kvHead), (start + j) % KvPool.BlockPositions, valueLength, widened);
            for (int i = 0; i < valueLength; i++)
            {
                sum[i] = MathF.FusedMultiplyAdd(weights[j], widened[i], sum[i]);
            }
        }
    }
}
