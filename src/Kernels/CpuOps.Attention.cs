namespace LocalLlm.Kernels;

public sealed unsafe partial class CpuOps
{
    private readonly AttentionPlan _attentionPlan = new();
    private readonly AttentionScratch _attentionScratch = new();

    /// <summary>Stores the keys and values of a batch in one layer of the cache, rounded to its type (docs/arithmetic.md).</summary>
    /// <param name="kv">The cache.</param>
    /// <param name="layer">Which layer, from 0.</param>
    /// <param name="k">Keys, turned by RoPE already, [tokens, kvHeads, keyLength].</param>
    /// <param name="v">Values, [tokens, kvHeads, valueLength].</param>
    /// <param name="places">Where each token lives, [tokens]; no two at the same place.</param>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    public void KvAppend(KvPool kv, int layer, ReadOnlySpan<float> k, ReadOnlySpan<float> v, ReadOnlySpan<TokenPlace> places)
    {
        RequireLayer(kv, layer);
        RequireLength(k.Length, (long)places.Length * kv.KvHeads * kv.KeyLength, nameof(k));
        RequireLength(v.Length, (long)places.Length * kv.KvHeads * kv.ValueLength, nameof(v));
        fixed (float* keys = k, values = v)
        fixed (TokenPlace* tokens = places)
        {
            AppendCall call = new(kv, layer, keys, values, tokens, places.Length);
            switch (_intrinsics)
            {
                case SimdLevel.Scalar:
                    AppendLanes<ScalarLane>(call);
                    break;
                case SimdLevel.Avx512:
                    AppendLanes<Avx512Lanes>(call);
                    break;
                default:
                    AppendLanes<Avx2Lanes>(call);
                    break;
            }
        }
    }

    /// <summary>
    /// Causal attention of a ragged batch over one layer of the cache, which must hold the keys and values of the batch's own tokens
    /// already: each token sees positions 0 to its own. Query head h reads kv head h / (heads / kvHeads).
    /// </summary>
    /// <param name="kv">The cache.</param>
    /// <param name="layer">Which layer, from 0.</param>
    /// <param name="q">Queries, turned by RoPE already, [tokens, heads, keyLength].</param>
    /// <param name="places">Where each token lives, [tokens]. Neighbours with the same block table are computed together.</param>
    /// <param name="heads">Query heads; a multiple of the cache's kv heads.</param>
    /// <param name="scale">Multiplies every score, usually 1 / sqrt(keyLength).</param>
    /// <param name="output">Result, [tokens, heads, valueLength].</param>
    /// <exception cref="ArgumentException">The shapes do not fit together.</exception>
    public void Attention(
        KvPool kv, int layer, ReadOnlySpan<float> q, ReadOnlySpan<TokenPlace> places, int heads, float scale, Span<float> output)
    {
        RequireLayer(kv, layer);
        if (heads < 1 || heads % kv.KvHeads != 0)
        {
            throw new ArgumentException($"{heads} query heads can't share {kv.KvHeads} kv heads evenly.", nameof(heads));
        }
        RequireLength(q.Length, (long)places.Length * heads * kv.KeyLength, nameof(q));
        RequireLength(output.Length, (long)places.Length * heads * kv.ValueLength, nameof(output));
        fixed (float* queries = q, result = output)
        fixed (TokenPlace* tokens = places)
        {
            AttentionCall call = new() { Kv = kv, Layer = layer, Queries = queries, Places = tokens, Heads = heads, Scale = scale, Output = result };
            switch (kv.Type)
            {
                case KvType.F16:
                    Attend<PlainKvFormat<F16Element>>(call, places);
                    break;
                case KvType.F32:
                    Attend<PlainKvFormat<F32Element>>(call, places);
                    break;
                default:
                    Attend<Q8KvFormat>(call, places);
                    break;
            }
        }
    }

    private void Attend<TFormat>(in AttentionCall call, ReadOnlySpan<TokenPlace> places)
        where TFormat : struct, IKvFormat
    {
        switch (_intrinsics)
        {
            case SimdLevel.Scalar:
                _attentionScratch.Reserve(Pool.Threads, ScalarAttentionJob<TFormat>.ScratchFloats(call.Kv), 0);
                ScalarAttentionJob<TFormat> job = new() { Call = call, Scratch = _attentionScratch };
                Pool.For(ref job, checked(places.Length * call.Heads), 1);
                break;
            case SimdLevel.Avx512:
                AttendTiles<Avx512Lanes, Avx512AttentionKernel, TFormat>(call, places);
                break;
            default:
                AttendTiles<Avx2Lanes, Avx2AttentionKernel, TFormat>(call, places);
                break;
        }
    }

    private void AttendTiles<TLanes, TKernel, TFormat>(in AttentionCall call, ReadOnlySpan<TokenPlace> places)
        where TLanes : unmanaged, ILanes16<TLanes>
        where TKernel : struct, IAttentionKernel
        where TFormat : struct, IKvFormat
    {
        _attentionPlan.Build(call, places, Pool.Threads);
        _attentionScratch.Reserve(Pool.Threads, TileWorkspace.Floats(call.Kv, _attentionPlan.MaxRows), _attentionPlan.PartialFloats);
        TileAttentionJob<TLanes, TKernel, TFormat> tiles = new() { Call = call, Plan = _attentionPlan, Scratch = _attentionScratch };
        Pool.For(ref tiles, _attentionPlan.Ranges.Count * call.Kv.KvHeads, 1);
        TileMergeJob<TLanes, TKernel, TFormat> merge = new() { Call = call, Plan = _attentionPlan, Scratch = _attentionScratch };
        Pool.For(ref merge, _attentionPlan.SplitGroups.Count * call.Kv.KvHeads, 1);
    }

    private void AppendLanes<TLanes>(in AppendCall call)
        where TLanes : unmanaged, IFloatLanes<TLanes>
    {
        int numbers = call.Kv.KvHeads * (call.Kv.KeyLength + call.Kv.ValueLength);
        switch (call.Kv.Type)
        {
            case KvType.F16:
                For(new KvAppendJob<TLanes, PlainKvFormat<F16Element>> { Call = call }, call.Tokens, numbers);
                break;
            case KvType.F32:
                For(new KvAppendJob<TLanes, PlainKvFormat<F32Element>> { Call = call }, call.Tokens, numbers);
                break;
            default:
                For(new KvAppendJob<TLanes, Q8KvFormat> { Call = call }, call.Tokens, numbers);
                break;
        }
    }

    private static void RequireLayer(KvPool kv, int layer)
    {
        if ((uint)layer >= (uint)kv.Layers)
        {
            throw new ArgumentOutOfRangeException(nameof(layer), layer, $"The KV cache has {kv.Layers} layers.");
        }
    }
}
