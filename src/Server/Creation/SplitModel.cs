using LocalLlm.Gguf;
using LocalLlm.Server.Http;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>Uploaded parts of a model in several GGUF files: they are merged, since a store holds a model in one.</summary>
internal static class SplitModel
{
    private const string Prefix = "split.", CountKey = "split.count";

    /// <summary>Whether a file is one of several parts.</summary>
    public static bool IsPart(GgufFile file) => file.Metadata.TryGetInt32(CountKey, out int parts) && parts > 1;

    /// <summary>Merges the parts of a model.</summary>
    /// <returns>The model's layer.</returns>
    /// <exception cref="RequestException">400: a part is missing, or parts do not belong together.</exception>
    /// <exception cref="StoreException">The store cannot be written to.</exception>
    public static async Task<ManifestLayer> MergeAsync(Workshop shop, IReadOnlyList<UploadedFile> parts)
    {
        using LaidOutFiles folder = new(parts, shop.Store.Blobs);
        UploadedFile first = parts.OrderBy(part => part.Name, StringComparer.Ordinal).First();
        try
        {
            using GgufFile file = GgufFile.Open(folder.PathOf(first));
            return file.Paths.Count == parts.Count
                ? await shop.WriteLayerAsync($"merging {parts.Count} parts", MediaTypes.Model, first.Digest, file.Tensors.Sum(tensor => tensor.ByteLength), (path, tell) =>
                    Merged(file, tell, shop.Cancellation).Write(path))
                : throw RequestException.BadRequest($"the files hold parts of several models: give those of one of them, which are {file.Paths.Count} and not {parts.Count}");
        }
        catch (Exception exception) when (exception is GgufFormatException or FileNotFoundException)
        {
            throw RequestException.BadRequest(folder.InClientsNames(exception.Message));
        }
    }

    private static unsafe GgufWriter Merged(GgufFile file, Action<long> tell, CancellationToken cancellationToken)
    {
        GgufWriter writer = new(file.Version);
        foreach ((string key, GgufValue value) in file.Metadata.Where(entry => !entry.Key.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            writer.Add(key, value);
        }
        long done = 0;
        foreach (GgufTensor tensor in file.Tensors)
        {
            writer.AddTensor(tensor.Name, tensor.Type, [.. tensor.Dimensions], (offset, piece) =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                new ReadOnlySpan<byte>(tensor.Data + offset, piece.Length).CopyTo(piece);
                tell(done += piece.Length);
            });
        }
        return writer;
    }
}
