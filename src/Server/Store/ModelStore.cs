using LocalLlm.Server.Models;

namespace LocalLlm.Server.Store;

/// <summary>
/// A store of models on disk, in Ollama's layout: <c>manifests/HOST/NAMESPACE/MODEL/TAG</c> and <c>blobs/sha256-HEX</c>. Nothing is held in memory: every
/// call sees what other processes did. Changes are made one at a time (<see cref="StoreLock"/>) and survive a loss of power whole or not at all.
/// </summary>
internal sealed class ModelStore
{
    private readonly ManifestFolder _manifests;

    /// <summary>A store; its folder is made by the first change.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="readOnly">Whether every change is refused.</param>
    public ModelStore(string root, bool readOnly = false)
    {
        Root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        IsReadOnly = readOnly;
        _manifests = new ManifestFolder(Path.Combine(Root, "manifests"));
        Blobs = new BlobStore(Path.Combine(Root, "blobs"), readOnly);
    }

    /// <summary>The folder.</summary>
    public string Root { get; }

    /// <summary>Whether every change is refused.</summary>
    public bool IsReadOnly { get; }

    /// <summary>Whether blobs stay that only a replaced model used (<c>OLLAMA_NOPRUNE</c>).</summary>
    public bool KeepsReplaced { get; init; }

    /// <summary>The blobs.</summary>
    public BlobStore Blobs { get; }

    /// <summary>The manifests, for what works on all of them.</summary>
    internal ManifestFolder Manifests => _manifests;

    /// <summary>A model's manifest, its name in any case; null if there is none.</summary>
    /// <exception cref="StoreException">The manifest is broken.</exception>
    public StoredManifest? Find(ModelName name) => _manifests.Existing(name) is { } existing ? _manifests.Read(existing) : null;

    /// <summary>All models, and what is wrong with manifests that cannot be read.</summary>
    public StoreListing List()
    {
        List<StoredManifest> models = [];
        List<string> broken = [];
        foreach (ModelName name in _manifests.Names(broken))
        {
            try
            {
                if (_manifests.Read(name) is { } manifest)
                {
                    models.Add(manifest);
                }
                else if (new FileInfo(_manifests.PathOf(name)).LinkTarget is { } target)
                {
                    broken.Add($"the manifest '{_manifests.PathOf(name)}' is a link to '{target}', where nothing is");
                }
            }
            catch (StoreException exception)
            {
                broken.Add(exception.Message);
            }
        }
        return new StoreListing(models, broken);
    }

    /// <summary>
    /// Writes a model's manifest, over the one of that name if there is one. Its blobs must be there: another process may have deleted one of them since it was
    /// added, and then the caller has to add it again.
    /// </summary>
    /// <param name="name">The name; an existing model's spelling stays.</param>
    /// <param name="manifest">The manifest, kept byte for byte.</param>
    /// <param name="dropReplaced">Whether blobs go that only the replaced manifest used.</param>
    /// <returns>How many blobs went.</returns>
    /// <exception cref="StoreException">The manifest is broken, a blob is missing, the store is read-only or cannot be written to.</exception>
    public int Put(ModelName name, ReadOnlySpan<byte> manifest, bool dropReplaced)
    {
        ModelManifest parsed;
        try
        {
            parsed = ModelManifest.Parse(manifest);
        }
        catch (FormatException exception)
        {
            throw new StoreException(StoreErrorKind.Broken, $"the manifest of '{name}' cannot be stored: {exception.Message}", exception);
        }
        using StoreLock held = Lock();
        foreach (BlobDigest blob in parsed.Blobs)
        {
            if (!Blobs.Exists(blob))
            {
                throw new StoreException(StoreErrorKind.MissingBlob, $"the model '{name}' cannot be stored: its blob {blob} is not there (any more)");
            }
        }
        StoredManifest? replaced = TryFind(name);
        try
        {
            _manifests.Write(_manifests.SpellingFor(name), manifest);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw StoreException.Of(exception, _manifests.Folder);
        }
        return dropReplaced && !KeepsReplaced && replaced is not null ? Drop(replaced.Manifest.Blobs) : 0;
    }

    /// <summary>Gives a model another name beside its own: the manifest is copied, the blobs are shared.</summary>
    /// <returns>False if there is no model <paramref name="source"/>.</returns>
    /// <exception cref="StoreException">The manifest is broken, the store is read-only or cannot be written to.</exception>
    public bool Copy(ModelName source, ModelName destination)
    {
        RequireWritable();
        if (Find(source) is not { } manifest)
        {
            return false;
        }
        Put(destination, manifest.Bytes.Span, dropReplaced: true);
        return true;
    }

    /// <summary>Deletes a model, and the blobs that no other model uses.</summary>
    /// <returns>False if there is none of that name.</returns>
    /// <exception cref="StoreException">The store is read-only or cannot be written to.</exception>
    public bool Delete(ModelName name)
    {
        RequireWritable();
        if (_manifests.Existing(name) is null)
        {
            return false;
        }
        using StoreLock held = Lock();
        if (_manifests.Existing(name) is not { } existing)
        {
            return false;
        }
        StoredManifest? manifest = TryFind(existing);
        try
        {
            _manifests.Delete(existing);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw StoreException.Of(exception, _manifests.PathOf(existing));
        }
        Drop(manifest?.Manifest.Blobs ?? []);
        return true;
    }

    /// <summary>Deletes those of some blobs that no model uses: what was made on the way to one.</summary>
    /// <returns>How many blobs went.</returns>
    /// <exception cref="StoreException">The store is read-only or cannot be written to.</exception>
    public int DropUnused(IEnumerable<BlobDigest> candidates)
    {
        using StoreLock held = Lock();
        return Drop(candidates);
    }

    /// <summary>Takes the lock for a change.</summary>
    /// <exception cref="StoreException">The store is read-only or cannot be written to.</exception>
    internal StoreLock Lock()
    {
        RequireWritable();
        try
        {
            DurableFiles.CreateFolder(Root);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw StoreException.Of(exception, Root);
        }
        return StoreLock.Take(Root);
    }

    /// <summary>The refusal of a change.</summary>
    internal static StoreException IsReadOnlyError(string folder) =>
        new(StoreErrorKind.ReadOnly, $"the model store '{folder}' is read-only: unset LOCALLLM_STORE_READONLY to change it, or set OLLAMA_MODELS to another folder");

    private void RequireWritable()
    {
        if (IsReadOnly)
        {
            throw IsReadOnlyError(Root);
        }
    }

    private StoredManifest? TryFind(ModelName name)
    {
        try
        {
            return Find(name);
        }
        catch (StoreException)
        {
            return null; // broken: what it used is left to pruning
        }
    }

    /// <summary>Deletes those of some blobs that no manifest uses; none while any manifest cannot be read, since nobody knows what that one uses.</summary>
    private int Drop(IEnumerable<BlobDigest> candidates)
    {
        StoreListing all = List();
        if (all.Broken.Count > 0)
        {
            return 0;
        }
        HashSet<BlobDigest> used = [.. all.Models.SelectMany(model => model.Manifest.Blobs)];
        return candidates.Where(blob => !used.Contains(blob)).Count(blob => File.Exists(Blobs.PathOf(blob)) && DurableFiles.TryDelete(Blobs.PathOf(blob)));
    }
}
