using LocalLlm.Engine;

namespace LocalLlm.Server.Http.Metrics;

/// <summary>What engines have counted since they were loaded, or several together.</summary>
internal sealed record EngineCounters
{
    /// <summary>Nothing.</summary>
    public static EngineCounters Zero { get; } = new(new EngineStatus());

    private readonly long[] _values;

    /// <summary>The counts of a status.</summary>
    public EngineCounters(EngineStatus status)
    {
        long[] steps = new long[EngineStatus.StepBounds.Count + 1];
        for (int i = 0; i < Math.Min(steps.Length, status.StepsByTokens.Count); i++)
        {
            steps[i] = status.StepsByTokens[i];
        }
        _values =
        [
            status.Steps, status.StepTokens, status.PromptTokens, status.CachedTokens, status.GeneratedTokens, status.DraftedTokens,
            status.AcceptedTokens, status.Preemptions, status.EvictedBlocks, Math.Max(0, status.GeneratedTokens - status.AcceptedTokens), .. steps,
        ];
    }

    private EngineCounters(long[] values) => _values = values;

    /// <summary>Forward passes.</summary>
    public long Steps => _values[0];

    /// <summary>Tokens that they evaluated.</summary>
    public long StepTokens => _values[1];

    /// <summary>Tokens of prompts, cached ones included.</summary>
    public long PromptTokens => _values[2];

    /// <summary>Tokens of prompts that were in the cache.</summary>
    public long CachedTokens => _values[3];

    /// <summary>Tokens generated.</summary>
    public long GeneratedTokens => _values[4];

    /// <summary>Tokens drafted by speculation.</summary>
    public long DraftedTokens => _values[5];

    /// <summary>Drafted tokens that were right.</summary>
    public long AcceptedTokens => _values[6];

    /// <summary>Sequences that lost their place in the batch for a time.</summary>
    public long Preemptions => _values[7];

    /// <summary>Cached blocks that made way.</summary>
    public long EvictedBlocks => _values[8];

    /// <summary>Sequences over all forward passes that got a token: in one pass, a sequence gets one token besides the drafted ones that were right.</summary>
    public long StepSequences => _values[9];

    /// <summary>Forward passes by sequences that got a token: one count for each of <see cref="EngineStatus.StepBounds"/> and one for more.</summary>
    public IReadOnlyList<long> StepsBySequences => _values[10..];

    /// <summary>Both together.</summary>
    public EngineCounters Plus(EngineCounters other) => new([.. _values.Zip(other._values, (a, b) => a + b)]);

    /// <summary>The greater of each: a status is taken while the engine counts, and one that was taken later must not show less.</summary>
    public EngineCounters AtLeast(EngineCounters other) => new([.. _values.Zip(other._values, Math.Max)]);
}
