namespace LocalLlm.Server.Http.Native;

/// <summary>Answer of <c>/api/tags</c>.</summary>
/// <param name="Models">The models, newest first; never null.</param>
internal sealed record TagsAnswer(IReadOnlyList<TagEntry> Models);

/// <summary>A model that is there.</summary>
internal sealed record TagEntry
{
    /// <summary>Shortest name, tag included.</summary>
    public required string Name { get; init; }

    /// <summary>The same name again; some clients read this one.</summary>
    public string Model => Name;

    /// <summary>When its file was changed, RFC 3339.</summary>
    public required string ModifiedAt { get; init; }

    /// <summary>Bytes on disk.</summary>
    public required long Size { get; init; }

    /// <summary>64 hex digits that change with the content.</summary>
    public required string Digest { get; init; }

    /// <summary>What kind of model it is.</summary>
    public required ModelDetails Details { get; init; }

    /// <summary>What it can do: <c>completion</c>, <c>embedding</c>, …</summary>
    public required IReadOnlyList<string> Capabilities { get; init; }
}
