using LocalLlm.Server.Cli;
using LocalLlm.Server.Models;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Registry;

/// <summary>Whether a model has room on the disk of a store, so that a pull fails before it has fetched for an hour.</summary>
/// <param name="store">The store.</param>
/// <param name="freeBytes">Bytes that may still be written to a folder.</param>
internal sealed class PullRoom(ModelStore store, Func<string, long> freeBytes)
{
    /// <summary>Looks at the disk. What an earlier attempt left has its room already, as far as it came, so that such blobs do not count.</summary>
    /// <exception cref="StoreException">There is too little room.</exception>
    public void Require(ModelName name, ModelManifest manifest)
    {
        long missing = manifest.Layers.Append(manifest.Config).DistinctBy(layer => layer.Blob)
            .Where(layer => !store.Blobs.Exists(layer.Blob) && !File.Exists(store.Blobs.PathOf(layer.Blob) + PartialBlob.Suffix))
            .Sum(layer => layer.Size);
        if (missing > 0 && FreeBytes() is { } free && free < missing)
        {
            throw new StoreException(
                StoreErrorKind.DiskFull,
                $"the disk of '{store.Root}' has {HumanBytes.Of(free)} left, and '{name}' needs {HumanBytes.Of(missing)} more: make room, or set OLLAMA_MODELS to a folder elsewhere");
        }
    }

    /// <summary>What the disk has left; null if the system does not say.</summary>
    private long? FreeBytes()
    {
        string? folder = store.Root;
        while (folder is not null && !Directory.Exists(folder))
        {
            folder = Path.GetDirectoryName(folder);
        }
        try
        {
            return folder is null ? null : freeBytes(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
