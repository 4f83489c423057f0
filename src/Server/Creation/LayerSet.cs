using System.Text;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>The layers of a model that is being made, in the order of its manifest.</summary>
/// <param name="shop">Where text layers are stored.</param>
/// <param name="layers">Those to begin with.</param>
internal sealed class LayerSet(Workshop shop, IEnumerable<ManifestLayer> layers)
{
    private readonly List<ManifestLayer> _layers = [.. layers];

    /// <summary>The layers.</summary>
    public IReadOnlyList<ManifestLayer> Layers => _layers;

    /// <summary>The model itself.</summary>
    public ManifestLayer Model
    {
        get => _layers[ModelIndex];
        set => _layers[ModelIndex] = value;
    }

    private int ModelIndex => _layers.FindIndex(layer => layer.MediaType == MediaTypes.Model);

    /// <summary>Puts a text in place of all layers of its kind.</summary>
    /// <param name="kind">What it is, for the status: <c>system</c>.</param>
    /// <param name="text">The text; null to keep what there is, empty for none.</param>
    /// <param name="mediaTypes">Its media type, then older ones of the same meaning.</param>
    public void Replace(string kind, string? text, params ReadOnlySpan<string> mediaTypes)
    {
        if (text is null)
        {
            return;
        }
        foreach (string old in mediaTypes)
        {
            _layers.RemoveAll(layer => layer.MediaType == old);
        }
        if (text.Length > 0)
        {
            Append(kind, text, mediaTypes[0]);
        }
    }

    /// <summary>Adds a text, unless the same one is there.</summary>
    public void Append(string kind, string text, string mediaType)
    {
        shop.Say($"creating {kind} layer");
        ManifestLayer layer = Store(Encoding.UTF8.GetBytes(text), mediaType);
        if (!_layers.Exists(other => other.MediaType == mediaType && other.Blob == layer.Blob))
        {
            _layers.Add(layer);
        }
    }

    /// <summary>Adds a layer.</summary>
    public void Add(ManifestLayer layer) => _layers.Add(layer);

    /// <summary>Stores the content of a layer.</summary>
    public ManifestLayer Store(byte[] content, string mediaType)
    {
        bool existed = shop.Store.Blobs.Exists(BlobDigest.Of(content));
        BlobDigest digest = shop.Store.Blobs.Add(content);
        shop.Say($"{(existed ? "using existing layer" : "creating new layer")} {digest}");
        return ManifestLayer.Of(mediaType, digest, content.Length);
    }
}
