using LocalLlm.Engine.Generation;
using LocalLlm.Engine.Sampling;
using LocalLlm.Engine.Tests.Models;

namespace LocalLlm.Engine.Tests.Allocations;

/// <summary>
/// The entry of this assembly when it is started as a program: generates tokens in a process in which nothing else happens, and prints how many
/// bytes all threads together allocated on the managed heap meanwhile, in the least of several stretches: on a busy machine the runtime allocates now and
/// then for itself. Inside the test runner that could not be told from what the runner allocates.
/// </summary>
internal static class AllocationProbe
{
    /// <summary>Tokens generated before the count begins.</summary>
    public const int WarmUpTokens = 32;

    /// <summary>Tokens of a stretch: across several blocks of the cache, and more than the penalties look back.</summary>
    public const int StretchTokens = 120;

    /// <summary>Stretches counted: together they cross several tiles of attention.</summary>
    public const int Stretches = 4;

    /// <summary>Settings of the sampler by name.</summary>
    public static IReadOnlyDictionary<string, SamplingOptions> Samplings { get; } = new Dictionary<string, SamplingOptions>
    {
        ["greedy"] = new() { Temperature = 0 },
        ["penalised"] = new() { Temperature = 0, RepeatLastN = 64, RepeatPenalty = 1.1f, PresencePenalty = 0.5f, FrequencyPenalty = 0.5f },
        ["nucleus"] = new() { Temperature = 0.7f, TopK = 40, TopP = 0.9f, RepeatLastN = -1, RepeatPenalty = 1.1f, Seed = 1 },
        ["whole"] = new() { Temperature = 0.7f, TopK = 0, TopP = 0.9f, TypicalP = 0.95f, MinP = 0.01f, LogitBias = new Dictionary<int, float> { [3] = -5 }, Seed = 1 },
    };

    /// <summary>Runs with a model file, a name of <see cref="Samplings"/>, and a number of threads.</summary>
    public static int Main(string[] args)
    {
        using LanguageModel model = LanguageModel.Load(args[0], new ModelOptions { Simd = Engines.Levels[^1], Threads = int.Parse(args[2]) });
        using SequenceDecoder decoder = model.CreateDecoder(20 + WarmUpTokens + (Stretches * StretchTokens));
        Sampler sampler = new(Samplings[args[1]], model.Tokenizer.VocabularySize);
        int token = Generate(decoder, sampler, [.. Enumerable.Range(5, 20)], model.Tokenizer.VocabularySize, WarmUpTokens);
        model.AwaitWarmUp();
        // The finalizers' thread allocates once, when it first has something to do.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long least = long.MaxValue;
        for (int stretch = 0; stretch < Stretches; stretch++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            token = Generate(decoder, sampler, [token], model.Tokenizer.VocabularySize, StretchTokens);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        Console.WriteLine(least);
        return 0;
    }

    /// <summary>From tokens to evaluate to tokens chosen, as a generation goes; returns the last one chosen, which is not evaluated yet.</summary>
    private static int Generate(SequenceDecoder decoder, Sampler sampler, ReadOnlySpan<int> tokens, int vocabularySize, int count)
    {
        Span<float> logits = decoder.Evaluate(tokens, CancellationToken.None);
        for (int i = 1; ; i++)
        {
            int token = sampler.Sample(logits[..vocabularySize]);
            sampler.Accept(token);
            if (i == count)
            {
                return token;
            }
            logits = decoder.Evaluate([token], CancellationToken.None);
        }
    }
}
