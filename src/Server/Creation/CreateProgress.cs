namespace LocalLlm.Server.Creation;

/// <summary>One line of the answer of <c>/api/create</c>: what is being done.</summary>
/// <param name="Status">What, a short text: <c>writing manifest</c>. The last is <c>success</c>.</param>
internal sealed record CreateProgress(string Status)
{
    /// <summary>The last status.</summary>
    public const string Success = "success";

    /// <summary>Digest of what is worked on; null where there is no telling how far it is.</summary>
    public string? Digest { get; init; }

    /// <summary>Bytes when it is done.</summary>
    public long? Total { get; init; }

    /// <summary>Bytes done.</summary>
    public long? Completed { get; init; }
}
