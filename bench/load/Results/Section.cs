namespace LocalLlm.Load.Results;

/// <summary>The outcome of one scenario with one model.</summary>
internal sealed record Section
{
    /// <summary>What was done, with which model; a later run with the same title takes its place.</summary>
    public required string Title { get; init; }

    /// <summary>The table, its header first.</summary>
    public required IReadOnlyList<string[]> Table { get; init; }

    /// <summary>What else is to say, one line each.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Code that was measured: commit, and a mark of uncommitted changes.</summary>
    public required string Commit { get; init; }

    /// <summary>When, in UTC.</summary>
    public required DateTime Date { get; init; }
}

/// <summary>Content of a result file.</summary>
/// <param name="Processor">Name, family and model.</param>
/// <param name="LogicalProcessors">How many.</param>
/// <param name="Simd">SIMD level of the server.</param>
/// <param name="Sections">The outcomes, in the order of their titles.</param>
internal sealed record LoadDocument(string Processor, int LogicalProcessors, string Simd, IReadOnlyList<Section> Sections);
