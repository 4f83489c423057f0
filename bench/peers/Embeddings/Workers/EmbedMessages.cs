namespace LocalLlm.Peers.Embeddings.Workers;

/// <summary>What an embedding worker is asked on its standard input: one JSON line.</summary>
/// <param name="Work"><c>prepare</c> with texts and load; <c>run</c>, which embeds them all once; <c>vectors</c> of the first Count texts.</param>
internal sealed record EmbedOrder(string Work)
{
    /// <summary>The texts of the row.</summary>
    public string[]? Texts { get; init; }

    /// <summary>How they come.</summary>
    public EmbedLoad? Load { get; init; }

    /// <summary>Vectors that are wanted.</summary>
    public int Count { get; init; }
}

/// <summary>What an embedding worker answers on its standard output: one JSON line.</summary>
/// <param name="Milliseconds">How long the work took.</param>
internal sealed record EmbedAnswer(double Milliseconds)
{
    /// <summary>Version and settings, with <c>prepare</c>.</summary>
    public string? Description { get; init; }

    /// <summary>Tokens of all texts, with <c>prepare</c>.</summary>
    public int Tokens { get; init; }

    /// <summary>The vectors, where they were wanted.</summary>
    public float[][]? Vectors { get; init; }
}
