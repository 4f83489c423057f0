using System.Runtime.CompilerServices;

namespace LocalLlm.Kernels;

/// <summary>What <see cref="KvAppendJob{TLanes, TFormat}"/> works on.</summary>
internal readonly unsafe struct AppendCall(KvPool kv, int layer, float* keys, float* values, TokenPlace* places, int tokens)
{
    /// <summary>The cache.</summary>
    public readonly KvPool Kv = kv;

    /// <summary>The layer written.</summary>
    public readonly int Layer = layer;

    /// <summary>Keys, [tokens, kvHeads, keyLength].</summary>
    public readonly float* Keys = keys;

    /// <summary>Values, [tokens, kvHeads, valueLength].</summary>
    public readonly float* Values = values;

    /// <summary>Where each token lives, [tokens].</summary>
    public readonly TokenPlace* Places = places;

    /// <summary>How many tokens.</summary>
    public readonly int Tokens = tokens;
}

/// <summary>Stores the keys and values of a batch's tokens at their places in one layer of the cache; one token is the unit of work.</summary>
internal unsafe struct KvAppendJob<TLanes, TFormat> : IParallelJob
    where TLanes : unmanaged, IFloatLanes<TLanes>
    where TFormat : struct, IKvFormat
{
    /// <summary>The arguments.</summary>
    public AppendCall Call;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public readonly void Run(int begin, int end, int worker)
    {
        KvPool kv = Call.Kv;
        for (int token = begin; token < end; token++)
        {
            int position = Call.Places[token].Position;
            int block = Call.Places[token].BlockTable[position / KvPool.BlockPositions];
            int inBlock = position % KvPool.BlockPositions;
            for (int head = 0; head < kv.KvHeads; head++)
            {
                long row = ((long)token * kv.KvHeads) + head;
                TFormat.Store<TLanes>(Call.Keys + (row * kv.KeyLength), kv.Keys(Call.Layer, block, head), inBlock, kv.KeyLength);
                TFormat.Store<TLanes>(Call.Values + (row * kv.ValueLength), kv.Values(Call.Layer, block, head), inBlock, kv.ValueLength);
            }
        }
    }
}
