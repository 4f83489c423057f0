namespace LocalLlm.Server.Store;

/// <summary>Reads every blob of a store again and compares it with its name and with the manifests that use it.</summary>
internal static class StoreVerification
{
    /// <summary>Verifies a store. Each blob's verdict is given as soon as it is known; large blobs take their time.</summary>
    /// <exception cref="OperationCanceledException">The token.</exception>
    public static IEnumerable<BlobVerdict> Run(ModelStore store, CancellationToken cancellationToken)
    {
        Dictionary<BlobDigest, List<(string Model, long Size)>> uses = [];
        foreach (StoredManifest model in store.List().Models)
        {
            foreach (ManifestLayer layer in model.Manifest.Layers.Append(model.Manifest.Config))
            {
                if (!uses.TryGetValue(layer.Blob, out List<(string, long)>? users))
                {
                    uses.Add(layer.Blob, users = []);
                }
                users.Add((model.Name.DisplayName, layer.Size));
            }
        }
        BlobDigest[] present = [.. Present(store.Blobs)];
        foreach (BlobDigest blob in present.Union(uses.Keys).OrderBy(blob => blob.Hex, StringComparer.Ordinal))
        {
            List<(string Model, long Size)> users = uses.GetValueOrDefault(blob) ?? [];
            yield return new BlobVerdict(blob, StateOf(store.Blobs, blob, users, cancellationToken), [.. users.Select(user => user.Model).Distinct()]);
        }
    }

    private static IEnumerable<BlobDigest> Present(BlobStore blobs)
    {
        foreach (string path in Directory.Exists(blobs.Folder) ? Directory.EnumerateFiles(blobs.Folder) : [])
        {
            if (BlobDigest.TryParse(Path.GetFileName(path), out BlobDigest digest) && Path.GetFileName(path) == digest.FileName)
            {
                yield return digest;
            }
        }
    }

    private static BlobState StateOf(BlobStore blobs, BlobDigest blob, List<(string Model, long Size)> users, CancellationToken cancellationToken)
    {
        try
        {
            long length = new FileInfo(blobs.PathOf(blob)).Length;
            return BlobDigest.OfFile(blobs.PathOf(blob), cancellationToken) != blob ? BlobState.Changed
                : users.Any(user => user.Size != length) ? BlobState.WrongSize
                : users.Count == 0 ? BlobState.Unused
                : BlobState.Right;
        }
        catch (FileNotFoundException)
        {
            return BlobState.Missing;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return BlobState.Unreadable;
        }
    }
}

/// <summary>What was found of a blob.</summary>
/// <param name="Digest">Which.</param>
/// <param name="State">The finding.</param>
/// <param name="Models">The models that use it.</param>
internal sealed record BlobVerdict(BlobDigest Digest, BlobState State, IReadOnlyList<string> Models)
{
    /// <summary>Whether models that use the blob cannot work.</summary>
    public bool IsDamage => State is not (BlobState.Right or BlobState.Unused);
}

/// <summary>States of a blob.</summary>
internal enum BlobState
{
    /// <summary>Its bytes are those that its name says.</summary>
    Right,

    /// <summary>Right, and no model uses it.</summary>
    Unused,

    /// <summary>Its bytes are others than its name says.</summary>
    Changed,

    /// <summary>Its bytes are right, but a manifest gives another size.</summary>
    WrongSize,

    /// <summary>A manifest names it, and it is not there.</summary>
    Missing,

    /// <summary>The system does not let it be read.</summary>
    Unreadable,
}
