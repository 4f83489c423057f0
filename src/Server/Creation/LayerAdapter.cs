using LocalLlm.Engine;
using LocalLlm.Engine.Adapters;
using LocalLlm.Gguf;
using LocalLlm.Gguf.Safetensors;
using LocalLlm.Server.Http;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>
/// Makes layers of LoRA adapters, which models are loaded with. A GGUF file becomes one as it is; peft's folders and adapters with a scale are written as
/// GGUF, since a layer is one file and nothing in a manifest tells a scale.
/// </summary>
internal static class LayerAdapter
{
    /// <summary>The layer of an adapter.</summary>
    /// <exception cref="RequestException">400: it is none, of a kind that is not supported, or made for another model.</exception>
    /// <exception cref="StoreException">The store cannot be written to.</exception>
    public static async Task<ManifestLayer> RunAsync(Workshop shop, ManifestLayer model, RequestedAdapter adapter)
    {
        using LaidOutFiles folder = new(adapter.Files, shop.Store.Blobs);
        UploadedFile first = adapter.Files[0];
        string path = adapter.IsFolder ? Path.GetDirectoryName(folder.PathOf(first))! : folder.PathOf(first);
        try
        {
            using GgufFile file = GgufFile.Open(shop.Store.Blobs.PathOf(model.Blob));
            AdapterOptions options = new(path, adapter.Scale);
            if (!adapter.IsFolder && adapter.Scale == 1)
            {
                await Task.Run(() => AdapterFile.Check(options, file), shop.Cancellation);
                shop.Say($"using existing layer {first.Digest}");
                return ManifestLayer.Of(MediaTypes.Adapter, first.Digest, new FileInfo(shop.Store.Blobs.PathOf(first.Digest)).Length);
            }
            return await shop.WriteLayerAsync("converting adapter", MediaTypes.Adapter, first.Digest, AdapterFile.MemoryBytes(path), (destination, tell) =>
            {
                AdapterFile.Convert(options, file, destination);
                tell(new FileInfo(destination).Length);
            });
        }
        catch (Exception exception) when (exception is TextEngineException or GgufFormatException or SafetensorsFormatException or FileNotFoundException)
        {
            throw RequestException.BadRequest(folder.InClientsNames(exception.Message));
        }
    }
}
