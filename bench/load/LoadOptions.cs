namespace LocalLlm.Load;

/// <summary>What all scenarios are told, after defaults.</summary>
internal sealed record LoadOptions
{
    /// <summary>A server that runs already, on the loopback interface; null to start one.</summary>
    public Uri? Url { get; init; }

    /// <summary>The models, one run for each.</summary>
    public required IReadOnlyList<LoadModel> Models { get; init; }

    /// <summary>SIMD level of the server.</summary>
    public required string Simd { get; init; }

    /// <summary>Environment variables for the server, beside those that a scenario sets.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Folder for the results; null to print only.</summary>
    public string? Output { get; init; }

    /// <summary>Seed of everything random.</summary>
    public required int Seed { get; init; }
}

/// <summary>A model under load.</summary>
/// <param name="Name">For tables, or the name that a running server knows it by.</param>
/// <param name="Path">The file; empty for a running server.</param>
internal sealed record LoadModel(string Name, string Path);
