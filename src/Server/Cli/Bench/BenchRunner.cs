using System.Diagnostics;
using LocalLlm.Engine;
using LocalLlm.Engine.Generation;

namespace LocalLlm.Server.Cli.Bench;

/// <summary>
/// Measures tests of one depth on one loaded model. The tokens before are evaluated once; every repetition then starts by forgetting all
/// that came after them. Tokens are drawn at random but always the same, and neither tokenizing nor sampling is timed, as llama-bench has it.
/// </summary>
internal sealed class BenchRunner : IDisposable
{
    private const int Seed = 1;

    // Enough that every method has been compiled for good, which happens behind the first runs, when the clock starts.
    private const int WarmUpTokens = 32;
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(0.5);

    private readonly SequenceDecoder _decoder;
    private readonly int _depth;
    private readonly int[] _tokens;

    /// <summary>Evaluates the tokens before.</summary>
    /// <param name="model">The model.</param>
    /// <param name="depth">How many they are.</param>
    /// <param name="longest">Most tokens of a test that follows.</param>
    /// <param name="cancellationToken">Stops.</param>
    public BenchRunner(LanguageModel model, int depth, int longest, CancellationToken cancellationToken)
    {
        Random random = new(Seed);
        _depth = depth;
        _tokens = [.. Enumerable.Range(0, Math.Max(depth, longest)).Select(_ => random.Next(model.Tokenizer.VocabularySize))];
        _decoder = model.CreateDecoder(checked(depth + longest));
        if (depth > 0)
        {
            _decoder.Evaluate(_tokens.AsSpan(0, depth), cancellationToken);
        }
    }

    /// <summary>Measures a test, after runs that are not timed.</summary>
    /// <param name="test">Of the runner's depth.</param>
    /// <param name="repetitions">How often, at least once.</param>
    /// <param name="cancellationToken">Stops.</param>
    public BenchSamples Run(BenchTest test, int repetitions, CancellationToken cancellationToken)
    {
        WarmUp(test with { Generated = Math.Min(test.Generated, WarmUpTokens) }, cancellationToken);
        DateTime started = DateTime.UtcNow;
        long[] times = new long[repetitions];
        for (int i = 0; i < repetitions; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Evaluate(test, cancellationToken);
            // A clock that did not tick would divide by zero.
            times[i] = Math.Max(1, (long)Stopwatch.GetElapsedTime(start).TotalNanoseconds);
        }
        return new BenchSamples(test, started, times);
    }

    /// <summary>Frees the cache.</summary>
    public void Dispose() => _decoder.Dispose();

    private void WarmUp(BenchTest test, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        do
        {
            Evaluate(test, cancellationToken);
        }
        while (Stopwatch.GetElapsedTime(start) < s_warmUp);
    }

    private void Evaluate(BenchTest test, CancellationToken cancellationToken)
    {
        _decoder.Truncate(_depth);
        if (test.Prompt > 0)
        {
            _decoder.Evaluate(_tokens.AsSpan(0, test.Prompt), cancellationToken);
        }
        for (int i = 0; i < test.Generated; i++)
        {
            _decoder.Evaluate(_tokens.AsSpan(i, 1), cancellationToken);
        }
    }
}
