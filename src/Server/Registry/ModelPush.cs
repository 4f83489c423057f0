using LocalLlm.Server.Models;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Registry;

/// <summary>Sends models of a store to registries: first the blobs that the registry does not have, then the manifest, so that nobody ever finds half a model there.</summary>
/// <param name="client">Speaks to registries.</param>
/// <param name="store">Where the models are.</param>
internal sealed class ModelPush(RegistryClient client, ModelStore store)
{
    /// <summary>Sends a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="repository">Where it goes.</param>
    /// <param name="limit">How fast it may be sent; null for as fast as can be.</param>
    /// <param name="tell">Gets what Ollama's API tells of a push, from <c>pushing HEX</c> to <c>success</c>; one call at a time.</param>
    /// <param name="cancellationToken">Gives up; blobs that are whole stay at the registry, and the next push does not send them again.</param>
    /// <exception cref="RegistryException">The registry refuses, or cannot be reached for too long.</exception>
    /// <exception cref="StoreException">A blob is missing or cannot be read.</exception>
    public async Task RunAsync(StoredManifest model, RegistryRepository repository, RateLimit? limit, Func<PullEvent, Task> tell, CancellationToken cancellationToken)
    {
        repository = repository with { IsForPush = true };
        List<PushSource> sources = [];
        try
        {
            foreach (ManifestLayer layer in model.Manifest.Layers.Append(model.Manifest.Config).DistinctBy(layer => layer.Blob))
            {
                sources.Add(new PushSource(store.Blobs, layer, limit)); // all before the first is sent: what is missing is told at once
            }
            await SendAsync(sources, MountsOf(model, repository.Name), repository, tell, cancellationToken);
        }
        finally
        {
            sources.ForEach(source => source.Dispose());
        }
        await tell(new PullEvent("pushing manifest"));
        await new RetryRule(client.Options).RunAsync(
            async () =>
            {
                await client.PutManifestAsync(repository, model.Bytes, model.Manifest.MediaType ?? MediaTypes.Manifest, cancellationToken);
                return true;
            },
            cancellationToken);
        await tell(new PullEvent(PullEvent.Success));
    }

    private async Task SendAsync(
        List<PushSource> sources, Dictionary<BlobDigest, string> mounts, RegistryRepository repository, Func<PullEvent, Task> tell, CancellationToken cancellationToken)
    {
        using CancellationTokenSource failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task sending = Parallel.ForEachAsync(
            sources,
            new ParallelOptions { MaxDegreeOfParallelism = client.Options.Uploads, CancellationToken = failed.Token },
            async (source, token) => await new PushBlob(client, repository, source, mounts.GetValueOrDefault(source.Digest)).RunAsync(token));
        try
        {
            int current = 0;
            while (!sending.IsCompleted)
            {
                current = await TellAsync(sources, current, tell);
                await Task.WhenAny(sending, Task.Delay(client.Options.ProgressPause, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }
            await sending;
            await TellAsync(sources, current, tell);
        }
        finally
        {
            await failed.CancelAsync(); // whoever listens may be gone
            await sending.ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    /// <summary>
    /// Tells how far the blobs are, one after the other, since those who show it have one line that changes: though several go at once, each is told of once
    /// all before it are there.
    /// </summary>
    /// <returns>The blob to tell of next.</returns>
    private static async Task<int> TellAsync(List<PushSource> sources, int current, Func<PullEvent, Task> tell)
    {
        for (; current < sources.Count; current++)
        {
            PushSource source = sources[current];
            bool isThere = source.IsThere;
            long position = source.Position;
            if (position != source.Told)
            {
                await tell(PullEvent.Of("pushing", source.Digest, source.Size, position));
                source.Told = position;
            }
            if (!isThere)
            {
                break;
            }
        }
        return current;
    }

    /// <summary>
    /// Other repositories of the registry that probably have blobs of a model: those that layers say they are from, and those that models of the store with
    /// the same blobs are named after.
    /// </summary>
    private Dictionary<BlobDigest, string> MountsOf(StoredManifest model, ModelName target)
    {
        Dictionary<BlobDigest, string> mounts = [];
        foreach (ManifestLayer layer in model.Manifest.Layers)
        {
            if (ModelName.TryParse(layer.From ?? "", out ModelName? from))
            {
                Add(from.Value, layer.Blob);
            }
        }
        foreach (StoredManifest other in store.List().Models)
        {
            foreach (BlobDigest blob in other.Manifest.Blobs)
            {
                Add(other.Name, blob);
            }
        }
        return mounts;

        void Add(ModelName name, BlobDigest blob)
        {
            string repository = $"{name.Namespace}/{name.Model}";
            bool elsewhere = !repository.Equals($"{target.Namespace}/{target.Model}", StringComparison.OrdinalIgnoreCase);
            if (elsewhere && name.Host.Equals(target.Host, StringComparison.OrdinalIgnoreCase))
            {
                mounts.TryAdd(blob, repository);
            }
        }
    }
}
