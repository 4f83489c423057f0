using LocalLlm.Server.Models;

namespace LocalLlm.Server.Store;

/// <summary>A manifest as it stands in a store.</summary>
/// <param name="Name">The model's name, spelled as on the disk.</param>
/// <param name="Path">Where the file is.</param>
/// <param name="Bytes">The file, byte for byte.</param>
/// <param name="Manifest">What it says.</param>
/// <param name="ModifiedAt">When it was written.</param>
internal sealed record StoredManifest(ModelName Name, string Path, ReadOnlyMemory<byte> Bytes, ModelManifest Manifest, DateTimeOffset ModifiedAt)
{
    /// <summary>What the model's version is known by: SHA-256 of the file.</summary>
    public BlobDigest Digest { get; } = BlobDigest.Of(Bytes.Span);

    /// <summary>The layers of a media type, in their order.</summary>
    public IEnumerable<ManifestLayer> LayersOf(string mediaType) => Manifest.Layers.Where(layer => layer.MediaType == mediaType);
}
