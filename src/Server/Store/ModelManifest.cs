using System.Text.Json;
using System.Text.Json.Serialization;

namespace LocalLlm.Server.Store;

/// <summary>
/// What a stored model is made of: a config and layers, all blobs. The form is Docker's image manifest (version 2, schema 2), with Ollama's media types.
/// A manifest that was pulled is kept byte for byte, since its digest is that of its bytes; this is what the bytes say.
/// </summary>
internal sealed record ModelManifest
{
    /// <summary>A pebibyte: beyond all models and disks, and sums of sizes stay far from the end of 64 bits.</summary>
    private const long MaxBytes = 1L << 50;

    /// <summary>Always 2.</summary>
    public int SchemaVersion { get; init; } = 2;

    /// <summary><see cref="MediaTypes.Manifest"/>, or what a registry wrote.</summary>
    public string? MediaType { get; init; }

    /// <summary>The config blob.</summary>
    public required ManifestLayer Config { get; init; }

    /// <summary>The layers, in their order.</summary>
    public required IReadOnlyList<ManifestLayer> Layers { get; init; }

    /// <summary>Bytes of the config and all layers.</summary>
    [JsonIgnore]
    public long Size => Config.Size + Layers.Sum(layer => layer.Size);

    /// <summary>Digests of the config and all layers, each once.</summary>
    [JsonIgnore]
    public IEnumerable<BlobDigest> Blobs => Layers.Select(layer => layer.Blob).Append(Config.Blob).Distinct();

    /// <summary>Reads a manifest.</summary>
    /// <param name="json">UTF-8.</param>
    /// <exception cref="FormatException">It is none; the message says what is wrong with it, without the file's name.</exception>
    public static ModelManifest Parse(ReadOnlySpan<byte> json)
    {
        ModelManifest manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(json, ManifestJson.Instance.ModelManifest) ?? throw new FormatException("it is a JSON null");
        }
        catch (JsonException exception)
        {
            throw new FormatException($"it is no manifest: {exception.Message}", exception);
        }
        Dictionary<string, long> sizes = [];
        long total = 0;
        foreach (ManifestLayer? layer in manifest.Layers?.Append(manifest.Config) ?? throw new FormatException("its layers are null"))
        {
            if (layer is null || !BlobDigest.TryParse(layer.Digest, out _))
            {
                throw new FormatException($"it names a blob by \"{layer?.Digest}\", which is no digest (sha256: and 64 hexadecimal digits)");
            }
            if (layer.MediaType is null)
            {
                throw new FormatException($"it does not say what the blob {layer.Digest} is (mediaType)");
            }
            if (layer.Size is < 0 or > MaxBytes || (total += layer.Size) > MaxBytes)
            {
                throw new FormatException($"it gives the blob {layer.Digest} {layer.Size} bytes");
            }
            if (!sizes.TryAdd(layer.Digest, layer.Size) && sizes[layer.Digest] != layer.Size)
            {
                throw new FormatException($"it gives the blob {layer.Digest} two sizes, {sizes[layer.Digest]} and {layer.Size} bytes");
            }
        }
        return manifest;
    }

    /// <summary>The manifest as UTF-8, the same bytes every time.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ManifestJson.Instance.ModelManifest);
}

/// <summary>A blob of a manifest.</summary>
internal sealed record ManifestLayer
{
    /// <summary>What it is (<see cref="MediaTypes"/>).</summary>
    public string MediaType { get; init; } = "";

    /// <summary>SHA-256 of its bytes, as written; <see cref="Blob"/> is the checked form.</summary>
    public required string Digest { get; init; }

    /// <summary>Bytes.</summary>
    public long Size { get; init; }

    /// <summary>Name of the model that the layer was taken from; null if it was made for this one.</summary>
    public string? From { get; init; }

    /// <summary>Name of the tensor or file that the layer holds, for models stored in pieces.</summary>
    public string? Name { get; init; }

    /// <summary>The digest.</summary>
    /// <exception cref="FormatException"><see cref="Digest"/> is none, which <see cref="ModelManifest.Parse"/> has checked.</exception>
    [JsonIgnore]
    public BlobDigest Blob => BlobDigest.TryParse(Digest, out BlobDigest digest) ? digest : throw new FormatException($"\"{Digest}\" is no digest");

    /// <summary>A layer of a blob.</summary>
    public static ManifestLayer Of(string mediaType, BlobDigest digest, long size) => new() { MediaType = mediaType, Digest = digest.ToString(), Size = size };
}
