namespace LocalLlm.Server.Store;

/// <summary>
/// Deletes from a store what no model uses, as a server does when it starts: unused blobs and files that are no blobs, all of them only if they are older
/// than an hour, so that a model that another process is adding keeps its pieces. A download that broke off stays as long as its notes are younger than a
/// week. While any manifest cannot be read nothing is deleted, since nobody knows what that one uses.
/// </summary>
internal static class StorePruning
{
    /// <summary>How long anything is let alone.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    /// <summary>How long a partial file with a journal is kept for being resumed.</summary>
    public static readonly TimeSpan ResumeTime = TimeSpan.FromDays(7);

    /// <summary>Renames blobs that were stored as <c>sha256:HEX</c>, as old versions of Ollama did.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="StoreException">The store is read-only or cannot be written to.</exception>
    public static int RenameLegacyBlobs(ModelStore store)
    {
        if (!Directory.Exists(store.Blobs.Folder))
        {
            return 0;
        }
        string[] legacy = [.. Directory.EnumerateFiles(store.Blobs.Folder, "sha256:*").Where(path => BlobDigest.TryParse(Path.GetFileName(path), out _))];
        if (legacy.Length == 0)
        {
            return 0;
        }
        using StoreLock held = store.Lock();
        foreach (string path in legacy)
        {
            if (BlobDigest.TryParse(Path.GetFileName(path), out BlobDigest digest))
            {
                store.Blobs.Keep(path, digest);
            }
        }
        return legacy.Length;
    }

    /// <summary>Prunes a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="now">The time to reckon from, UTC.</param>
    /// <returns>What went, or why nothing did.</returns>
    /// <exception cref="StoreException">The store is read-only or cannot be written to.</exception>
    public static PruneReport Prune(ModelStore store, DateTime now)
    {
        if (!Directory.Exists(store.Root))
        {
            return new PruneReport(0, 0, []);
        }
        using StoreLock held = store.Lock();
        StoreListing all = store.List();
        if (all.Broken.Count > 0)
        {
            return new PruneReport(0, 0, all.Broken);
        }
        HashSet<string> used = [.. all.Models.SelectMany(model => model.Manifest.Blobs).Select(blob => blob.FileName)];
        int files = 0;
        long bytes = 0;
        foreach (FileInfo file in Unused(store.Blobs, used, now))
        {
            long length = file.Length;
            if (DurableFiles.TryDelete(file.FullName))
            {
                files++;
                bytes += length;
            }
        }
        store.Manifests.Tidy(now - Grace);
        return new PruneReport(files, bytes, []);
    }

    private static IEnumerable<FileInfo> Unused(BlobStore blobs, HashSet<string> used, DateTime now)
    {
        if (!Directory.Exists(blobs.Folder))
        {
            return [];
        }
        FileInfo[] old = [.. new DirectoryInfo(blobs.Folder).EnumerateFiles("*", new EnumerationOptions { AttributesToSkip = 0 })];
        // A partial file and its journals (one, or one for each part as Ollama has them) live and die together.
        Dictionary<string, DateTime> resumable = old
            .Where(file => file.Name.Contains($"{PartialBlob.Suffix}-", StringComparison.Ordinal))
            .GroupBy(file => BlobOf(file.Name))
            .ToDictionary(group => group.Key, group => group.Max(file => file.LastWriteTimeUtc));
        return old.Where(file => !used.Contains(file.Name)
            && file.LastWriteTimeUtc < now - Grace
            && !(file.Name.Contains(PartialBlob.Suffix, StringComparison.Ordinal)
                && resumable.TryGetValue(BlobOf(file.Name), out DateTime noted) && noted > now - ResumeTime));
    }

    /// <summary>The blob that a partial file or journal belongs to.</summary>
    private static string BlobOf(string name) => name.Split(PartialBlob.Suffix)[0];
}

/// <summary>What <see cref="StorePruning.Prune"/> did.</summary>
/// <param name="Files">Files that went.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Broken">What is wrong with manifests because of which nothing was deleted; empty if there are none.</param>
internal sealed record PruneReport(int Files, long Bytes, IReadOnlyList<string> Broken);
