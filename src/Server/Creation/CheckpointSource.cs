using LocalLlm.Engine;
using LocalLlm.Engine.Conversion;
using LocalLlm.Gguf.Safetensors;
using LocalLlm.Server.Http;
using LocalLlm.Server.Models;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>Uploaded files of a model in the layout of Hugging Face: they are converted to GGUF, the format of the weights kept.</summary>
/// <param name="files">The files.</param>
/// <param name="model">What the model is called in the store, and thus in its metadata.</param>
internal sealed class CheckpointSource(IReadOnlyList<UploadedFile> files, ModelName model) : CreationSource
{
    private const string Extension = ".safetensors";

    /// <summary>Whether files are of this kind.</summary>
    public static bool Fits(IReadOnlyList<UploadedFile> files) => files.Any(file => file.Name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase));

    /// <inheritdoc/>
    public override async Task<SourceLayers> TakeAsync(Workshop shop)
    {
        if (files.Any(file => Path.GetFileName(file.Name) is RequestedAdapter.ConfigName))
        {
            throw RequestException.BadRequest("the files are a LoRA adapter and no model: give them under 'adapters' (ADAPTER in a Modelfile), and what they were trained on under 'from'");
        }
        using LaidOutFiles folder = new(files, shop.Store.Blobs);
        try
        {
            return await ConvertAsync(shop, folder.Path);
        }
        catch (Exception exception) when (exception is TextEngineException or SafetensorsFormatException or FileNotFoundException)
        {
            throw RequestException.BadRequest(folder.InClientsNames(exception.Message));
        }
    }

    private async Task<SourceLayers> ConvertAsync(Workshop shop, string folder)
    {
        const string Status = "converting model";
        using ModelConverter converter = await Task.Run(() => ModelConverter.Open(folder, new ConversionOptions { Name = model.Model }), shop.Cancellation);
        BlobDigest weights = files.First(file => file.Name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase)).Digest;
        ManifestLayer layer = await shop.WriteLayerAsync(
            Status, MediaTypes.Model, weights, converter.TensorBytes, (path, tell) => converter.Write(path, new Reporter(tell), shop.Cancellation));
        return new SourceLayers([layer], new ModelConfig());
    }

    /// <summary>Tells at once, on the thread that works, where <see cref="Progress{T}"/> would tell later and out of order.</summary>
    private sealed class Reporter(Action<long> tell) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => tell(value.Bytes);
    }
}
