namespace LocalLlm.Server.Registry;

/// <summary>What Ollama's API tells of a push.</summary>
/// <param name="Status">What is done.</param>
internal sealed record PushEvent(string Status)
{
    /// <summary>The blob that it is about; null for none.</summary>
    public string? Digest { get; init; }

    /// <summary>Bytes of the blob.</summary>
    public long? Total { get; init; }

    /// <summary>Bytes that the registry has; null for none.</summary>
    public long? Completed { get; init; }
}
