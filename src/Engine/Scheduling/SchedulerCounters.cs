namespace LocalLlm.Engine.Scheduling;

/// <summary>What a scheduler has done. Written by its thread alone; read by any, to whom numbers may be a moment old.</summary>
internal sealed class SchedulerCounters
{
    private readonly long[] _steps = new long[EngineStatus.StepBounds.Count + 1];

    /// <summary>Tokens of prompts, of those that were in the cache, and of answers.</summary>
    public long Prompt, Cached, Generated;

    /// <summary>Guessed tokens, and those that were right.</summary>
    public long Drafted, Accepted;

    /// <summary>Passes and their tokens.</summary>
    public long Steps, StepTokens;

    /// <summary>Sequences that lost their place.</summary>
    public long Preemptions;

    /// <summary>Passes by sequences that got a token.</summary>
    public IReadOnlyList<long> StepsBySequences => [.. _steps];

    /// <summary>Counts a pass.</summary>
    /// <param name="sequences">Sequences that got a token.</param>
    /// <param name="tokens">Tokens evaluated.</param>
    public void CountStep(int sequences, int tokens)
    {
        Steps++;
        StepTokens += tokens;
        if (sequences > 0)
        {
            int bucket = 0;
            while (bucket < EngineStatus.StepBounds.Count && sequences > EngineStatus.StepBounds[bucket])
            {
                bucket++;
            }
            _steps[bucket]++;
        }
    }
}
