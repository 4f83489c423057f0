namespace LocalLlm.Engine;

/// <summary>What an engine is doing, and what it has done since it was loaded. A snapshot; its numbers belong together only roughly.</summary>
public sealed record EngineStatus
{
    /// <summary>Upper bounds of the buckets of <see cref="StepsByTokens"/>; the last bucket has none.</summary>
    public static IReadOnlyList<int> StepBounds { get; } = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

    /// <summary>Sequences in the running batch.</summary>
    public int ActiveSequences { get; init; }

    /// <summary>Sequences that wait to join it, preempted ones included.</summary>
    public int WaitingSequences { get; init; }

    /// <summary>Blocks of the KV pool, <see cref="LocalLlm.Kernels.KvPool.BlockPositions"/> positions each.</summary>
    public int KvBlocks { get; init; }

    /// <summary>Blocks that active sequences hold.</summary>
    public int KvBlocksInUse { get; init; }

    /// <summary>Blocks that nobody holds, kept for prompts that begin alike; they make way when a sequence needs room.</summary>
    public int KvBlocksCached { get; init; }

    /// <summary>Bytes of one block, all layers together.</summary>
    public long KvBytesPerBlock { get; init; }

    /// <summary>Forward passes.</summary>
    public long Steps { get; init; }

    /// <summary>Tokens evaluated by them.</summary>
    public long StepTokens { get; init; }

    /// <summary>Forward passes by the number of sequences that they generated a token for: one count for each of <see cref="StepBounds"/> and one for more.</summary>
    public IReadOnlyList<long> StepsByTokens { get; init; } = [];

    /// <summary>Tokens of prompts, cached ones included.</summary>
    public long PromptTokens { get; init; }

    /// <summary>Tokens of prompts that were in the cache.</summary>
    public long CachedTokens { get; init; }

    /// <summary>Tokens generated.</summary>
    public long GeneratedTokens { get; init; }

    /// <summary>Tokens drafted by speculation.</summary>
    public long DraftedTokens { get; init; }

    /// <summary>Drafted tokens that the model would have chosen too.</summary>
    public long AcceptedTokens { get; init; }

    /// <summary>Sequences that lost their place in the batch for want of KV blocks, to resume later.</summary>
    public long Preemptions { get; init; }

    /// <summary>Cached blocks that made way.</summary>
    public long EvictedBlocks { get; init; }
}
