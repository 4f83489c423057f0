using LocalLlm.Gguf;
using LocalLlm.Server.Http;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>Uploaded GGUF files: a model, and perhaps projectors. They become layers as they are.</summary>
internal sealed class GgufSource : CreationSource
{
    private const string SplitCount = "split.count";

    private readonly IReadOnlyList<UploadedFile> _files;

    /// <summary>The files of a request.</summary>
    public GgufSource(IReadOnlyList<UploadedFile> files) => _files = files;

    /// <inheritdoc/>
    public override Task<SourceLayers> TakeAsync(Workshop shop)
    {
        IReadOnlyList<ManifestLayer> layers = Layers(shop, _files);
        return layers.Count(layer => layer.MediaType == MediaTypes.Model) switch
        {
            1 => Task.FromResult(new SourceLayers(layers, new ModelConfig())),
            0 => throw RequestException.BadRequest("the files hold a projector but no model: give the model's GGUF file as well"),
            _ => throw RequestException.BadRequest("the files hold several models: give one of them"),
        };
    }

    /// <summary>The layers of GGUF files.</summary>
    /// <exception cref="RequestException">400: one is no GGUF file, is broken, or is an adapter or part of a split model.</exception>
    public static IReadOnlyList<ManifestLayer> Layers(Workshop shop, IReadOnlyList<UploadedFile> files)
    {
        shop.Say("parsing GGUF");
        return [.. files.Select(file =>
        {
            file.Require(shop.Store.Blobs);
            string path = shop.Store.Blobs.PathOf(file.Digest);
            ManifestLayer layer = ManifestLayer.Of(TypeOf(file, path), file.Digest, new FileInfo(path).Length);
            shop.Say($"using existing layer {file.Digest}");
            return layer;
        })];
    }

    private static string TypeOf(UploadedFile file, string path)
    {
        RequireGguf(file, path);
        try
        {
            using GgufFile gguf = GgufFile.OpenPart(path);
            GgufMetadata metadata = gguf.Metadata;
            if (metadata.TryGetInt32(SplitCount, out int parts) && parts > 1)
            {
                throw RequestException.BadRequest($"\"{file.Name}\" is one of {parts} parts of a model: merge them into one file first");
            }
            string architecture = metadata.GetString("general.architecture");
            return metadata.GetString("general.type", "model") switch
            {
                "adapter" => throw RequestException.BadRequest($"\"{file.Name}\" is a LoRA adapter, which this version of LocalLlm does not apply"),
                "projector" or "mmproj" => MediaTypes.Projector,
                _ when architecture == "clip" => MediaTypes.Projector,
                _ => MediaTypes.Model,
            };
        }
        catch (GgufFormatException exception)
        {
            // The client knows the file by its own name.
            throw RequestException.BadRequest(exception.Message.Replace(path, file.Name, StringComparison.Ordinal));
        }
    }

    private static void RequireGguf(UploadedFile file, string path)
    {
        Span<byte> magic = stackalloc byte[4];
        using FileStream stream = File.OpenRead(path);
        if (stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length || !magic.SequenceEqual("GGUF"u8))
        {
            throw RequestException.BadRequest(file.Name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
                ? $"supplied file was not in GGUF format: \"{file.Name}\""
                : $"unknown type of the file \"{file.Name}\": a model is a GGUF file, or safetensors with config.json and tokenizer.json");
        }
    }
}
