using LocalLlm.Gguf;
using LocalLlm.Server.Http;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>Uploaded GGUF files: a model, and perhaps projectors. They become layers as they are; a model in parts is merged.</summary>
internal sealed class GgufSource : CreationSource
{
    private readonly IReadOnlyList<UploadedFile> _files;

    /// <summary>The files of a request.</summary>
    public GgufSource(IReadOnlyList<UploadedFile> files) => _files = files;

    /// <inheritdoc/>
    public override async Task<SourceLayers> TakeAsync(Workshop shop)
    {
        IReadOnlyList<ManifestLayer> layers = await LayersAsync(shop, _files);
        return layers.Count(layer => layer.MediaType == MediaTypes.Model) switch
        {
            1 => new SourceLayers(layers, new ModelConfig()),
            0 => throw RequestException.BadRequest("the files hold a projector but no model: give the model's GGUF file as well"),
            _ => throw RequestException.BadRequest("the files hold several models: give one of them"),
        };
    }

    /// <summary>The layers of GGUF files.</summary>
    /// <exception cref="RequestException">400: one is no GGUF file, is broken, or is an adapter, or a part is missing.</exception>
    public static async Task<IReadOnlyList<ManifestLayer>> LayersAsync(Workshop shop, IReadOnlyList<UploadedFile> files)
    {
        shop.Say("parsing GGUF");
        List<ManifestLayer> layers = [];
        List<UploadedFile> parts = [];
        foreach (UploadedFile file in files)
        {
            file.Require(shop.Store.Blobs);
            string path = shop.Store.Blobs.PathOf(file.Digest);
            if (TypeOf(file, path) is not { } type)
            {
                parts.Add(file);
                continue;
            }
            layers.Add(ManifestLayer.Of(type, file.Digest, new FileInfo(path).Length));
            shop.Say($"using existing layer {file.Digest}");
        }
        return parts.Count == 0 ? layers : [await SplitModel.MergeAsync(shop, parts), .. layers];
    }

    /// <summary>Media type of a file's layer; null for a part of a model.</summary>
    private static string? TypeOf(UploadedFile file, string path)
    {
        RequireGguf(file, path);
        try
        {
            using GgufFile gguf = GgufFile.OpenPart(path);
            if (SplitModel.IsPart(gguf))
            {
                return null;
            }
            GgufMetadata metadata = gguf.Metadata;
            string architecture = metadata.GetString("general.architecture");
            return metadata.GetString("general.type", "model") switch
            {
                "adapter" => throw RequestException.BadRequest($"\"{file.Name}\" is a LoRA adapter: give it under 'adapters' (ADAPTER in a Modelfile)"),
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
