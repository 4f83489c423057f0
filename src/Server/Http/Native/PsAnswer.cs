namespace LocalLlm.Server.Http.Native;

/// <summary>Answer of <c>/api/ps</c>.</summary>
/// <param name="Models">The loaded models, the one that stays longest first; never null.</param>
internal sealed record PsAnswer(IReadOnlyList<PsEntry> Models);

/// <summary>A loaded model.</summary>
internal sealed record PsEntry
{
    /// <summary>Shortest name, tag included.</summary>
    public required string Name { get; init; }

    /// <summary>The same name again; some clients read this one.</summary>
    public string Model => Name;

    /// <summary>Bytes in memory.</summary>
    public required long Size { get; init; }

    /// <summary>As in <c>/api/tags</c>.</summary>
    public required string Digest { get; init; }

    /// <summary>What kind of model it is.</summary>
    public required ModelDetails Details { get; init; }

    /// <summary>When it will be unloaded, RFC 3339; centuries ahead for never.</summary>
    public required string ExpiresAt { get; init; }

    /// <summary>Bytes in GPU memory: none, everything computes on the CPU.</summary>
    public long SizeVram { get; }

    /// <summary>Positions that a request may use.</summary>
    public required int ContextLength { get; init; }
}
