namespace LocalLlm.Server.Cli.Bench;

/// <summary>One thing to measure: a prompt's evaluation or the generation of tokens, one of the two, after a number of tokens.</summary>
/// <param name="Prompt">Tokens evaluated in batches, 0 for a generation.</param>
/// <param name="Generated">Tokens evaluated one at a time, 0 for a prompt.</param>
/// <param name="Depth">Tokens that stand in the cache before.</param>
/// <param name="Threads">Threads that compute.</param>
internal sealed record BenchTest(int Prompt, int Generated, int Depth, int Threads)
{
    /// <summary>Tokens that are timed.</summary>
    public int Tokens => Prompt + Generated;

    /// <summary><c>pp512</c>, <c>tg128 @ d8192</c>: llama-bench's names.</summary>
    public string Name => (Prompt > 0 ? $"pp{Prompt}" : $"tg{Generated}") + (Depth > 0 ? $" @ d{Depth}" : "");

    /// <summary>Every combination, those of one number of threads and one depth next to each other; a number of 0 tokens gives no test.</summary>
    public static IReadOnlyList<BenchTest> All(int[] prompts, int[] generations, int[] depths, int[] threads) =>
    [
        .. from thread in threads
           from depth in depths
           from test in prompts.Where(tokens => tokens > 0).Select(tokens => new BenchTest(tokens, 0, depth, thread))
               .Concat(generations.Where(tokens => tokens > 0).Select(tokens => new BenchTest(0, tokens, depth, thread)))
           select test,
    ];
}
