using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>What all steps of a creation need.</summary>
/// <param name="store">Where the model is put.</param>
/// <param name="threads">Threads that compute.</param>
/// <param name="report">Told what is being done; from any thread, one at a time.</param>
/// <param name="cancellation">Gives up; nothing but whole blobs is left then.</param>
internal sealed class Workshop(ModelStore store, int threads, Action<CreateProgress> report, CancellationToken cancellation)
{
    // Often enough to look alive, seldom enough to cost nothing.
    private const long ReportEveryMilliseconds = 100;

    private readonly List<BlobDigest> _written = [];

    /// <summary>Whether blobs go that no model uses: those of a model that is replaced, and those that were made on the way.</summary>
    public bool DropsUnused { get; init; } = true;

    /// <summary>Where the model is put.</summary>
    public ModelStore Store => store;

    /// <summary>Threads that compute.</summary>
    public int Threads => threads;

    /// <summary>Gives up.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>Tells what is being done.</summary>
    public void Say(string status) => Say(new CreateProgress(status));

    /// <summary>Tells how far it is.</summary>
    public void Say(CreateProgress progress) => report(progress);

    /// <summary>Deletes what was written and no model uses in the end, such as the whole weights of a model that was rounded.</summary>
    public void TidyUp()
    {
        try
        {
            if (DropsUnused && _written.Count > 0)
            {
                store.DropUnused(_written);
            }
        }
        catch (StoreException)
        {
            // The model is there, or what it failed with is told; the rest goes when a server starts.
        }
    }

    /// <summary>Writes a file and keeps it as a blob, without a second copy on the disk.</summary>
    /// <param name="status">What is done.</param>
    /// <param name="mediaType">What the file is.</param>
    /// <param name="source">Digest of what it is made from.</param>
    /// <param name="total">About as many bytes as it will have.</param>
    /// <param name="write">Writes it to a path, telling how many bytes are done.</param>
    /// <returns>Its layer.</returns>
    /// <exception cref="StoreException">The store cannot be written to.</exception>
    public async Task<ManifestLayer> WriteLayerAsync(string status, string mediaType, BlobDigest source, long total, Action<string, Action<long>> write)
    {
        string folder = store.Blobs.Folder, path = DurableFiles.TemporaryIn(folder);
        long last = Environment.TickCount64;
        void Tell(long done)
        {
            if (Environment.TickCount64 - last >= ReportEveryMilliseconds || done >= total)
            {
                last = Environment.TickCount64;
                report(new CreateProgress(status) { Digest = source.ToString(), Total = total, Completed = done });
            }
        }
        try
        {
            using (store.Lock())
            {
                DurableFiles.CreateFolder(folder); // a store's first blob may be this one
            }
            report(new CreateProgress(status) { Digest = source.ToString(), Total = total, Completed = 0 });
            await Task.Run(() => write(path, Tell), cancellation);
            BlobDigest digest = await Task.Run(() => BlobDigest.OfFile(path, cancellation), cancellation);
            await store.Blobs.AddFileAsync(path, digest, cancellation);
            _written.Add(digest);
            Say($"creating new layer {digest}");
            return ManifestLayer.Of(mediaType, digest, new FileInfo(path).Length);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw StoreException.Of(exception, folder);
        }
        finally
        {
            DurableFiles.TryDelete(path);
        }
    }
}
