using System.Diagnostics.Metrics;
using LocalLlm.Engine;

namespace LocalLlm.Server.Http.Metrics;

/// <summary>The instruments that show what engines say of themselves. They are read when somebody asks; nothing is measured on the way of a token.</summary>
internal static class EngineInstruments
{
    /// <summary>Adds the instruments to a meter.</summary>
    public static void Create(Meter meter, EngineBook engines)
    {
        void Gauge(string name, string unit, string description, Func<EngineStatus, long> value) =>
            meter.CreateObservableGauge(name, () => Now(engines, value), unit, description);
        void Counter(string name, string unit, string description, Func<EngineCounters, long> value) =>
            meter.CreateObservableCounter(name, () => Totals(engines, value), unit, description);

        Gauge("localllm.models.loaded", "{model}", "Whether a model is loaded: 1 for each that is.", _ => 1);
        Gauge("localllm.active_sequences", "{sequence}", "Sequences in the running batch.", status => status.ActiveSequences);
        Gauge("localllm.waiting_sequences", "{sequence}", "Sequences that wait to join it, preempted ones included.", status => status.WaitingSequences);
        Gauge("localllm.kv.blocks", "{block}", "Blocks for keys and values.", status => status.KvBlocks);
        Gauge("localllm.kv.blocks_in_use", "{block}", "Blocks that active sequences hold.", status => status.KvBlocksInUse);
        Gauge("localllm.kv.blocks_cached", "{block}", "Blocks that nobody holds, kept for prompts that begin alike.", status => status.KvBlocksCached);
        Gauge("localllm.kv.block_size", "By", "Size of one block, all layers together.", status => status.KvBytesPerBlock);

        Counter("localllm.steps", "{step}", "Forward passes.", counters => counters.Steps);
        Counter("localllm.step_tokens", "{token}", "Tokens that they evaluated.", counters => counters.StepTokens);
        Counter("localllm.prompt_tokens", "{token}", "Tokens of prompts, cached ones included.", counters => counters.PromptTokens);
        Counter("localllm.cached_tokens", "{token}", "Tokens of prompts that were found in the cache.", counters => counters.CachedTokens);
        Counter("localllm.generated_tokens", "{token}", "Tokens generated.", counters => counters.GeneratedTokens);
        Counter("localllm.drafted_tokens", "{token}", "Tokens that speculation drafted.", counters => counters.DraftedTokens);
        Counter("localllm.accepted_tokens", "{token}", "Drafted tokens that were right.", counters => counters.AcceptedTokens);
        Counter("localllm.preemptions", "{sequence}", "Sequences that lost their place in the batch for a time, for want of blocks.", counters => counters.Preemptions);
        Counter("localllm.kv.evicted_blocks", "{block}", "Cached blocks that made way.", counters => counters.EvictedBlocks);
    }

    /// <summary>Forward passes by the number of sequences that got a token: a histogram that engines keep themselves, for which there is no instrument.</summary>
    public static MetricFamily BatchSizes(EngineBook engines)
    {
        double[] bounds = [.. EngineStatus.StepBounds];
        return new MetricFamily(
            "localllm_batch_size", "Sequences that a forward pass generated a token for.", MetricKind.Histogram,
            [.. engines.Totals().Select(total => new MetricSample([new("model", total.Model)], total.Counters.StepSequences, bounds, total.Counters.StepsBySequences))]);
    }

    private static IEnumerable<Measurement<long>> Now(EngineBook engines, Func<EngineStatus, long> value) =>
        engines.Loaded().GroupBy(entry => entry.Model).Select(group => Of(group.Key, group.Sum(entry => value(entry.Status))));

    private static IEnumerable<Measurement<long>> Totals(EngineBook engines, Func<EngineCounters, long> value) =>
        engines.Totals().Select(total => Of(total.Model, value(total.Counters)));

    private static Measurement<long> Of(string model, long value) => new(value, new KeyValuePair<string, object?>("model", model));
}
