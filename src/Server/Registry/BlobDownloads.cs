using LocalLlm.Server.Store;

namespace LocalLlm.Server.Registry;

/// <summary>
/// The blobs that this process is fetching. Whoever wants one that is being fetched from the same registry shares the download; when the last one leaves, it ends, and what has come
/// stays for the next attempt.
/// </summary>
/// <param name="client">Speaks to registries.</param>
/// <param name="blobs">Where they go.</param>
internal sealed class BlobDownloads(RegistryClient client, BlobStore blobs)
{
    private readonly Lock _lock = new();
    private readonly RateLimit? _limit = RateLimit.Of(client.Options.LimitRate);
    private readonly Dictionary<Wanted, SharedDownload> _running = [];

    /// <summary>Takes part in fetching a blob. The caller disposes what it gets, whether or not the blob has come by then.</summary>
    /// <param name="repository">Where it is.</param>
    /// <param name="layer">The blob, with the size that the manifest gives it; 0 if that is not known.</param>
    /// <param name="limit">What holds the speed down if the download begins now, beside the limit of all downloads; null for nothing.</param>
    public async Task<DownloadShare> JoinAsync(RegistryRepository repository, ManifestLayer layer, RateLimit? limit = null)
    {
        Wanted wanted = Wanted.Of(repository, layer);
        while (true)
        {
            SharedDownload? ending = null;
            lock (_lock)
            {
                if (!_running.TryGetValue(wanted, out SharedDownload? download))
                {
                    download = _running[wanted] = new SharedDownload();
                    download.Task = Task.Run(() => RunAsync(download, repository, layer, limit));
                }
                if (download.Enter())
                {
                    return new DownloadShare(this, download);
                }
                ending = download;
            }
            await ending.Task.ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    /// <summary>One who took part leaves.</summary>
    internal void Leave(SharedDownload download)
    {
        lock (_lock)
        {
            download.Leave();
        }
    }

    private async Task RunAsync(SharedDownload download, RegistryRepository repository, ManifestLayer layer, RateLimit? limit)
    {
        RateLimit[] limits = [.. new[] { _limit, limit }.OfType<RateLimit>()];
        try
        {
            CancellationToken cancellationToken = download.Token;
            long size = layer.Size > 0 ? layer.Size : await SizeAsync(repository, layer, cancellationToken);
            download.Total = size;
            while (!blobs.Exists(layer.Blob))
            {
                using PartialBlob? partial = blobs.OpenPartial(layer.Blob, size);
                if (partial is null)
                {
                    await Task.Delay(client.Options.WaitForOthers, cancellationToken); // another process fetches it
                    continue;
                }
                using BlobDownload fetching = new(client, repository, partial, limits);
                download.Fetching = fetching;
                await fetching.RunAsync(cancellationToken);
            }
            download.Fetching = null;
            blobs.Touch(layer.Blob);
        }
        finally
        {
            lock (_lock)
            {
                download.Dispose();
                _running.Remove(Wanted.Of(repository, layer));
            }
        }
    }

    /// <summary>Asks for the size of a blob that the manifest gives none; a size that is wrong comes to light with the first bytes.</summary>
    private async Task<long> SizeAsync(RegistryRepository repository, ManifestLayer layer, CancellationToken cancellationToken) =>
        await new RetryRule(client.Options).RunAsync(() => client.GetBlobSizeAsync(repository, layer.Blob, cancellationToken), cancellationToken) ?? 0;

    /// <summary>What is shared: a blob of one registry, as one user and of one size, so that nobody fails for what another was told. Others wait for the file's lock.</summary>
    private readonly record struct Wanted(string Registry, RegistryLogin? Login, BlobDigest Blob, long Size)
    {
        public static Wanted Of(RegistryRepository repository, ManifestLayer layer) =>
            new(repository.Root.GetLeftPart(UriPartial.Authority), repository.Login, layer.Blob, layer.Size);
    }
}
