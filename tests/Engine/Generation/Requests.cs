using LocalLlm.Engine.Sampling;
using LocalLlm.Kernels;
using LocalLlm.Tests;

namespace LocalLlm.Engine.Tests.Generation;

/// <summary>What tests of the engine ask, and what they get.</summary>
internal static class Requests
{
    /// <summary>Keeps the small models from ending their turn: their special tokens are the last ones.</summary>
    public static Dictionary<int, float> NoEnd { get; } = Enumerable.Range(490, 22).ToDictionary(token => token, _ => -1000f);

    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };

    public static TextEngine Tiny(Func<ModelOptions, ModelOptions>? configure = null, string file = "qwen3-q8_0.gguf") =>
        Load(RepoPaths.Vector("models", file), configure);

    public static TextEngine Load(string path, Func<ModelOptions, ModelOptions>? configure = null)
    {
        ModelOptions options = new() { Simd = Models.Engines.Levels[^1], Threads = 2 };
        return new(LanguageModel.Load(path, configure?.Invoke(options) ?? options));
    }

    /// <summary>Bytes of the cache that hold so many positions of the small model.</summary>
    public static long CacheBytes(string file, int positions)
    {
        using LanguageModel model = LanguageModel.Load(RepoPaths.Vector("models", file), new ModelOptions { Threads = 1 });
        return MemoryPlan.BlockBytes(model.Config, KvType.F16) * positions / KvPool.BlockPositions;
    }

    public static async Task<Answer> AskAsync(ITextEngine engine, GenerationRequest request, CancellationToken cancellationToken = default)
    {
        var events = new List<GenerationEvent>();
        await foreach (GenerationEvent item in engine.GenerateAsync(request, cancellationToken))
        {
            events.Add(item);
        }
        return new Answer(
            Assert.IsType<GenerationStarted>(events[0]),
            string.Concat(events.OfType<TextDelta>().Select(delta => delta.Text)),
            [.. events.OfType<TextDelta>().SelectMany(delta => delta.LogProbabilities)],
            Assert.IsType<GenerationFinished>(events[^1]));
    }

    /// <summary>Asks again and again until it is cancelled or fails: even an answer that never comes to its end is cut off after some contexts, which a small model fills within a second.</summary>
    public static async Task AskForeverAsync(ITextEngine engine, GenerationRequest request, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            await AskAsync(engine, request, cancellationToken);
        }
    }
}

/// <summary>A generation from its first to its last event.</summary>
internal sealed record Answer(GenerationStarted Started, string Text, IReadOnlyList<TokenLogProbability> LogProbabilities, GenerationFinished Finished)
{
    /// <summary>The tokens of prompt and answer.</summary>
    public string Tokens => string.Join(' ', Finished.Context);
}
