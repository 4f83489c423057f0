namespace LocalLlm.Server.Store;

/// <summary>What a store knows of a model beyond what it takes to run it.</summary>
internal sealed record StoredModel
{
    /// <summary>The manifest.</summary>
    public required StoredManifest Manifest { get; init; }

    /// <summary>The config; empty if its blob is missing or broken.</summary>
    public required ModelConfig Config { get; init; }

    /// <summary>The template in Go's template language; null if there is none.</summary>
    public string? Template { get; init; }

    /// <summary>The same, parsed, where prompts may be made with it; null else.</summary>
    public StoredTemplate? Prompts { get; init; }

    /// <summary>Texts of the licences.</summary>
    public IReadOnlyList<string> Licences { get; init; } = [];

    /// <summary>Paths of projectors.</summary>
    public IReadOnlyList<string> Projectors { get; init; } = [];

    /// <summary>The model that this one was made from; null if it was not made from one.</summary>
    public string? Parent => Manifest.LayersOf(MediaTypes.Model).FirstOrDefault()?.From;
}
