using System.Diagnostics;
using LocalLlm.Server.Models;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Registry;

/// <summary>
/// Fetches models from registries into a store. The manifest is written last, when all its blobs are there and right, so that a model is listed whole or not
/// at all. Pulls may run at once, of the same model too.
/// </summary>
/// <param name="client">Speaks to registries.</param>
/// <param name="store">Where models go.</param>
internal sealed class ModelPull(RegistryClient client, ModelStore store)
{
    /// <summary>How often blobs are fetched again that others' deletes took before the manifest was written.</summary>
    private const int MaxAttempts = 30;

    /// <summary>Whoever waits for the manifest wants to know soon that a registry is not there.</summary>
    private const int ManifestRetries = 2;

    private static readonly TimeSpan s_signOfLife = TimeSpan.FromSeconds(1);

    private readonly BlobDownloads _downloads = new(client, store.Blobs);
    private readonly RetryRule _retry = new(client.Options with { Retries = Math.Min(ManifestRetries, client.Options.Retries) });
    private readonly PullRoom _room = new(store, client.Options.FreeBytes);

    /// <summary>Fetches a model.</summary>
    /// <param name="request">Which one.</param>
    /// <param name="tell">Gets what is being done; it may take its time without holding up what is fetched.</param>
    /// <param name="cancellationToken">Gives up. What has come stays for the next pull.</param>
    /// <exception cref="RegistryException">The registry has no such model, refuses, cannot be reached or sends what is wrong.</exception>
    /// <exception cref="StoreException">The store cannot be written to, or its disk is full.</exception>
    public async Task RunAsync(PullRequest request, Func<PullEvent, Task> tell, CancellationToken cancellationToken)
    {
        RegistryRepository repository = (request with { Reference = client.Options.ReferenceOf(request.Name) }).Repository;
        RateLimit? limit = RateLimit.Of(request.LimitRate);
        await tell(new PullEvent("pulling manifest"));
        byte[] bytes = await GetManifestAsync(repository, cancellationToken);
        ModelManifest manifest = PulledManifest.Read(request.Name, bytes);
        _room.Require(request.Name, manifest);
        await FetchAsync(repository, manifest, limit, tell, cancellationToken);
        // That was done while they came. Clients know the lines.
        await tell(new PullEvent("verifying sha256 digest"));
        await tell(new PullEvent("writing manifest"));
        if (await PutAsync(bytes, () => FetchAsync(repository, manifest, limit, tell, cancellationToken), request.Name) > 0)
        {
            await tell(new PullEvent("removing unused layers"));
        }
        await tell(new PullEvent(PullEvent.Success));
    }

    private async Task<byte[]> GetManifestAsync(RegistryRepository repository, CancellationToken cancellationToken)
    {
        try
        {
            return await _retry.RunAsync(() => client.GetManifestAsync(repository, cancellationToken), cancellationToken);
        }
        catch (RegistryException exception)
        {
            throw new RegistryException($"pull model manifest: {exception.Message}{AdviceFor(exception, repository.Name)}", exception) { IsNotFound = exception.IsNotFound, Status = exception.Status };
        }
    }

    private static string AdviceFor(RegistryException exception, ModelName name)
    {
        string? advice = HuggingFace.Has(name) ? HuggingFace.AdviceFor(exception)
            : exception.IsNotFound ? $"{name.Host} has no '{name}', check the name and the tag"
            : null;
        return advice is null ? "" : $" ({advice})";
    }

    private async Task FetchAsync(RegistryRepository repository, ModelManifest manifest, RateLimit? limit, Func<PullEvent, Task> tell, CancellationToken cancellationToken)
    {
        foreach (ManifestLayer layer in manifest.Layers.Append(manifest.Config).DistinctBy(layer => layer.Blob))
        {
            if (store.Blobs.Exists(layer.Blob))
            {
                store.Blobs.Touch(layer.Blob);
                await tell(PullEvent.Of("pulling", layer.Blob, layer.Size, layer.Size));
                continue;
            }
            using DownloadShare share = await _downloads.JoinAsync(repository, layer, limit);
            try
            {
                await FollowAsync(share, layer, tell, cancellationToken);
            }
            catch (RegistryException exception) when (exception.IsNotFound)
            {
                throw new RegistryException($"{repository.Root.Authority} has the manifest of '{repository.Name}' but not its blob {layer.Digest}: file does not exist", exception);
            }
        }
    }

    /// <summary>Tells how far a download is until it ends: often while it moves, now and then while it does not.</summary>
    private async Task FollowAsync(DownloadShare share, ManifestLayer layer, Func<PullEvent, Task> tell, CancellationToken cancellationToken)
    {
        long told = -1, toldAt = 0;
        while (!share.Task.IsCompleted)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long completed = share.Completed;
            if (completed != told || Stopwatch.GetElapsedTime(toldAt) > s_signOfLife)
            {
                await tell(PullEvent.Of("pulling", layer.Blob, Math.Max(share.Total, layer.Size), completed));
                (told, toldAt) = (completed, Stopwatch.GetTimestamp());
            }
            await Task.WhenAny(share.Task, Task.Delay(client.Options.ProgressPause, cancellationToken));
        }
        await share.Task;
        if (told < share.Total || told < 0)
        {
            await tell(PullEvent.Of("pulling", layer.Blob, share.Total, share.Total));
        }
    }

    /// <summary>Writes the manifest; gives how many blobs went with the one it replaced.</summary>
    private async Task<int> PutAsync(byte[] manifest, Func<Task> fetchAgain, ModelName name)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await Task.Run(() => store.Put(name, manifest, client.Options.DropReplaced));
            }
            catch (StoreException exception) when (exception.Kind == StoreErrorKind.MissingBlob && attempt < MaxAttempts)
            {
                // Another process deleted the last model that used one of them, just now. By chance later and later: one that does so all the time must miss once.
                await Task.Delay(Random.Shared.Next(5 * attempt));
                await fetchAgain();
            }
        }
    }
}
