namespace LocalLlm.Peers.Embeddings;

/// <summary>What a run shall do, after defaults.</summary>
internal sealed record EmbedOptions
{
    /// <summary>The F16 file, which both engines embed with.</summary>
    public required string F16 { get; init; }

    /// <summary>The same model in Q8_0, for our engine alone.</summary>
    public required string Q8 { get; init; }

    /// <summary>Folder of llama.cpp's libraries.</summary>
    public required string Library { get; init; }

    /// <summary>Code that is measured.</summary>
    public required string Commit { get; init; }

    /// <summary>SIMD level of our engine.</summary>
    public required string Simd { get; init; }

    /// <summary>Threads of both engines.</summary>
    public required int Threads { get; init; }

    /// <summary>Samples of each engine in a row.</summary>
    public required int Samples { get; init; }

    /// <summary>Time that retakes of disturbed samples may cost in all.</summary>
    public required TimeSpan Patience { get; init; }
}
