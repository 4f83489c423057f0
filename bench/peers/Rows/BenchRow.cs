namespace LocalLlm.Peers.Rows;

/// <summary>Kinds of work.</summary>
internal enum Work
{
    /// <summary>A prompt evaluated from an empty cache; tokens per second.</summary>
    Prefill,

    /// <summary>One token after the other; tokens per second.</summary>
    Decode,

    /// <summary>From the start of a process to its first token; milliseconds.</summary>
    FirstToken,
}

/// <summary>A line of the table: one work with one file.</summary>
/// <param name="Model">The file.</param>
/// <param name="Work">What is done.</param>
/// <param name="Tokens">Length of the prompt, or tokens that are generated.</param>
/// <param name="Depth">Tokens in the cache before a decode.</param>
/// <param name="Target">What is to be reached.</param>
/// <param name="Quick">Whether the quick run has the row.</param>
internal sealed record BenchRow(BenchModel Model, Work Work, int Tokens, int Depth, Target Target, bool Quick)
{
    /// <summary>Name of the row; rows are found by it.</summary>
    public string Name => $"{Model.Name} " + Work switch
    {
        Work.Prefill => $"prefill {Tokens}",
        Work.Decode => Depth > 0 ? $"decode {Tokens} at depth {Depth}" : $"decode {Tokens}",
        _ => "first token",
    };

    /// <summary>Positions that the sequence needs.</summary>
    public int Positions => Depth + Tokens;

    /// <summary>What the figures are.</summary>
    public string Unit => Work == Work.FirstToken ? "ms" : "tokens/s";
}
