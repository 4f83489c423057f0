namespace LocalLlm.Server.Registry;

/// <summary>How far a pull or push is, as the API tells it.</summary>
/// <param name="Status">What is being done.</param>
internal sealed record PullEvent(string Status)
{
    /// <summary>The last status, when the model is there.</summary>
    public const string Success = "success";

    /// <summary>The blob that is fetched or sent; null if it is about none.</summary>
    public string? Digest { get; init; }

    /// <summary>Bytes of the blob; null if not known.</summary>
    public long? Total { get; init; }

    /// <summary>Bytes that have come or gone; null for none.</summary>
    public long? Completed { get; init; }

    /// <summary>The event of a blob.</summary>
    /// <param name="verb"><c>pulling</c> or <c>pushing</c>.</param>
    /// <param name="digest">Which blob.</param>
    /// <param name="total">Its bytes.</param>
    /// <param name="completed">Bytes that have come or gone.</param>
    public static PullEvent Of(string verb, Store.BlobDigest digest, long total, long completed) => new($"{verb} {digest.Short}")
    {
        Digest = digest.ToString(),
        Total = total > 0 ? total : null,
        Completed = completed > 0 ? completed : null,
    };
}
