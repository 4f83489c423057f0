using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using LocalLlm.Server.Models;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Store;

/// <summary>
/// The manifest of a model that is not in a store: the same bytes for the same model every time, so that its digest is the model's identity, and what is
/// written when the model is copied into a store.
/// </summary>
internal sealed class SynthesisedManifest
{
    /// <summary>How often blobs are added again that others' deletes took; each attempt takes milliseconds, and fails in one of four where others do nothing else.</summary>
    private const int MaxAttempts = 50;

    private readonly List<byte[]> _blobs = [];
    private readonly string _path;

    /// <summary>Makes the manifest.</summary>
    /// <param name="model">The model; its names do not matter.</param>
    /// <param name="facts">What its file says.</param>
    /// <param name="file">Digest of the file, or what stands for it where nobody has hashed it.</param>
    public SynthesisedManifest(ServedModel model, GgufFacts facts, BlobDigest file)
    {
        _path = model.Path;
        List<ManifestLayer> layers = [ManifestLayer.Of(MediaTypes.Model, file, facts.FileBytes)];
        if (model.System is { Length: > 0 } system)
        {
            layers.Add(Layer(MediaTypes.System, Encoding.UTF8.GetBytes(system)));
        }
        if (model.Defaults is { ValueKind: JsonValueKind.Object } defaults)
        {
            layers.Add(Layer(MediaTypes.Params, Compact(defaults)));
        }
        if (model.Licence is { Length: > 0 } licence)
        {
            layers.Add(Layer(MediaTypes.License, Encoding.UTF8.GetBytes(licence)));
        }
        ModelConfig config = new()
        {
            ModelFormat = "gguf",
            ModelFamily = facts.Architecture,
            ModelFamilies = [facts.Architecture],
            ModelType = HumanNumber.Of(facts.ParameterCount),
            FileType = facts.Quantization,
            Architecture = "amd64",
            Os = "linux",
            Rootfs = new RootFs { Type = "layers", DiffIds = [.. layers.Select(layer => layer.Digest)] },
        };
        Manifest = new ModelManifest { MediaType = MediaTypes.Manifest, Config = Layer(MediaTypes.Config, config.ToJson()), Layers = layers };
        Json = Manifest.ToJson();
    }

    /// <summary>The manifest.</summary>
    public ModelManifest Manifest { get; }

    /// <summary>Its bytes.</summary>
    public byte[] Json { get; }

    /// <summary>The blobs that it names, but for the file.</summary>
    public IReadOnlyList<byte[]> Blobs => _blobs;

    /// <summary>SHA-256 of the manifest.</summary>
    public BlobDigest Digest => BlobDigest.Of(Json);

    /// <summary>Puts a model that is not in a store into it: its file is linked (or copied, where it cannot be), the rest written.</summary>
    /// <param name="store">The store.</param>
    /// <param name="name">The name that it shall have there.</param>
    /// <param name="model">The model.</param>
    /// <param name="facts">What its file says.</param>
    /// <param name="cancellationToken">Gives up; no model is there then.</param>
    /// <exception cref="StoreException">The file is split or is not the one that its catalogue names, or the store cannot be changed.</exception>
    public static async Task StoreAsync(ModelStore store, ModelName name, ServedModel model, GgufFacts facts, CancellationToken cancellationToken)
    {
        SynthesisedManifest manifest = await OfFileAsync(model, facts, cancellationToken);
        for (int attempt = 1; ; attempt++)
        {
            await manifest.AddBlobsAsync(store, cancellationToken);
            try
            {
                store.Put(name, manifest.Json, dropReplaced: true);
                return;
            }
            catch (StoreException exception) when (exception.Kind == StoreErrorKind.MissingBlob && attempt < MaxAttempts)
            {
                // Another process deleted the last model that used one of them, just now.
            }
        }
    }

    /// <summary>Makes the manifest of a model after reading its file, so that its digest is right.</summary>
    /// <param name="model">The model.</param>
    /// <param name="facts">What its file says.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreException">The file is split or is not the one that its catalogue names.</exception>
    public static async Task<SynthesisedManifest> OfFileAsync(ServedModel model, GgufFacts facts, CancellationToken cancellationToken)
    {
        if (new FileInfo(model.Path).Length != facts.FileBytes)
        {
            throw new StoreException(StoreErrorKind.Broken, $"'{model.Path}' is the first part of several, which a store cannot hold: merge them into one file first");
        }
        BlobDigest file = await Task.Run(() => BlobDigest.OfFile(model.Path, cancellationToken), cancellationToken);
        if (model.Sha256 is { } expected && expected != file.Hex)
        {
            throw new StoreException(StoreErrorKind.Broken, $"'{model.Path}' is not the file that the catalogue names: its SHA-256 is {file.Hex}, not {expected}; restore it from the checkout or the release");
        }
        return new SynthesisedManifest(model, facts, file);
    }

    /// <summary>Puts all that the manifest names into a store: the model's file is linked (or copied, where it cannot be), the rest written.</summary>
    /// <exception cref="StoreException">The store cannot be changed.</exception>
    public async Task AddBlobsAsync(ModelStore store, CancellationToken cancellationToken)
    {
        await store.Blobs.AddFileAsync(_path, Manifest.Layers[0].Blob, cancellationToken);
        foreach (byte[] blob in _blobs)
        {
            store.Blobs.Add(blob);
        }
    }

    private ManifestLayer Layer(string mediaType, byte[] content)
    {
        _blobs.Add(content);
        return ManifestLayer.Of(mediaType, BlobDigest.Of(content), content.Length);
    }

    /// <summary>JSON without the spaces that it happens to be written with.</summary>
    private static byte[] Compact(JsonElement element)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            element.WriteTo(writer);
        }
        return buffer.WrittenSpan.ToArray();
    }
}
