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
        if (files.Any(file => Path.GetFileName(file.Name) is "adapter_config.json"))
        {
            throw RequestException.BadRequest("the files are a LoRA adapter, which this version of LocalLlm does not apply: merge it into the model's weights first");
        }
        DirectoryInfo folder = Directory.CreateTempSubdirectory("localllm-create-");
        try
        {
            LayOut(shop.Store.Blobs, folder.FullName);
            return await ConvertAsync(shop, folder.FullName);
        }
        catch (Exception exception) when (exception is TextEngineException or SafetensorsFormatException or FileNotFoundException)
        {
            // The client knows its own files and not where they are laid out.
            throw RequestException.BadRequest(exception.Message
                .Replace(folder.FullName + Path.DirectorySeparatorChar, "", StringComparison.Ordinal)
                .Replace(folder.FullName, "files", StringComparison.Ordinal));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task<SourceLayers> ConvertAsync(Workshop shop, string folder)
    {
        const string Status = "converting model";
        using ModelConverter converter = await Task.Run(() => ModelConverter.Open(folder, new ConversionOptions { Name = model.Model }), shop.Cancellation);
        BlobDigest weights = files.First(file => file.Name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase)).Digest;
        (BlobDigest digest, long size) = await shop.WriteBlobAsync(
            Status, weights, converter.TensorBytes, (path, tell) => converter.Write(path, new Reporter(tell), shop.Cancellation));
        shop.Say($"creating new layer {digest}");
        return new SourceLayers([ManifestLayer.Of(MediaTypes.Model, digest, size)], new ModelConfig());
    }

    /// <summary>Gives the blobs the names that the converter looks for.</summary>
    private void LayOut(BlobStore blobs, string folder)
    {
        foreach (UploadedFile file in files)
        {
            file.Require(blobs);
            string path = Path.Combine(folder, file.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.CreateSymbolicLink(path, blobs.PathOf(file.Digest));
        }
    }

    /// <summary>Tells at once, on the thread that works, where <see cref="Progress{T}"/> would tell later and out of order.</summary>
    private sealed class Reporter(Action<long> tell) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => tell(value.Bytes);
    }
}
