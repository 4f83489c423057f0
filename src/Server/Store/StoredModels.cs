using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using LocalLlm.Engine.Chat;
using LocalLlm.Engine.Templates.Go;
using LocalLlm.Server.Models;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Store;

/// <summary>
/// The models of a store as something that can be served. Manifests are read anew at every call, since other processes change them; what their layers say is
/// remembered by the manifest's digest, which no change leaves as it was.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="goTemplates">When prompts are made with the models' own <c>TEMPLATE</c>.</param>
internal sealed class StoredModels(ModelStore store, GoTemplates goTemplates)
{
    /// <summary>Layers of text are kilobytes; more is not read.</summary>
    private const int MaxTextBytes = 16 << 20;

    private const int MaxRemembered = 1024;

    private readonly ConcurrentDictionary<(ModelName Name, BlobDigest Digest), ServedModel> _known = [];

    /// <summary>The store.</summary>
    public ModelStore Store => store;

    /// <summary>A model, its name in any case; null if there is none.</summary>
    /// <exception cref="StoreException">Its manifest is broken.</exception>
    public ServedModel? Find(ModelName name) => store.Find(name) is { } manifest ? Of(manifest) : null;

    /// <summary>All models, and what is wrong with manifests that cannot be read.</summary>
    public (IReadOnlyList<ServedModel> Models, IReadOnlyList<string> Broken) List()
    {
        StoreListing list = store.List();
        return ([.. list.Models.Select(Of)], list.Broken);
    }

    private ServedModel Of(StoredManifest manifest)
    {
        (ModelName, BlobDigest) key = (manifest.Name, manifest.Digest);
        if (manifest.Manifest.Blobs.FirstOrDefault(blob => !store.Blobs.Exists(blob)) is { Hex: not null } missing)
        {
            _known.TryRemove(key, out _);
            return Read(manifest) with
            {
                Defect = $"the model '{manifest.Name}' is incomplete: its blob {missing} is missing from the store '{store.Root}'; fetch the model again, or delete it with 'localllm rm {manifest.Name}'",
            };
        }
        if (_known.TryGetValue(key, out ServedModel? known))
        {
            return known with { Stored = known.Stored! with { Manifest = manifest } };
        }
        if (_known.Count >= MaxRemembered)
        {
            _known.Clear();
        }
        return _known[key] = Read(manifest);
    }

    private ServedModel Read(StoredManifest manifest)
    {
        string? defect = DefectOf(manifest);
        ManifestLayer? model = manifest.LayersOf(MediaTypes.Model).FirstOrDefault();
        byte[]? template = Last(manifest, MediaTypes.Template) ?? Last(manifest, MediaTypes.Prompt);
        ModelConfig config = Checked(ref defect, manifest, "config", ModelConfig.Parse, TextOf(manifest.Manifest.Config)) ?? new ModelConfig();
        StoredModel stored = new()
        {
            Manifest = manifest,
            Config = config,
            Template = template is null ? null : Encoding.UTF8.GetString(template),
            Prompts = goTemplates == GoTemplates.Never ? null : Checked(ref defect, manifest, "template", bytes => PromptsOf(bytes, config), template),
            Licences = [.. manifest.LayersOf(MediaTypes.License).Select(TextOf).OfType<byte[]>().Select(bytes => Encoding.UTF8.GetString(bytes))],
            Projectors = PathsOf(manifest, MediaTypes.Projector),
        };
        return new ServedModel
        {
            Names = [manifest.Name.DisplayName],
            Path = model is null ? "" : store.Blobs.PathOf(model.Blob),
            Adapters = PathsOf(manifest, MediaTypes.Adapter),
            Sha256 = model?.Blob.Hex,
            Defaults = Checked(ref defect, manifest, "params", ParamsOf, Last(manifest, MediaTypes.Params)),
            Licence = stored.Licences.Count > 0 ? string.Join('\n', stored.Licences) : null,
            System = LastText(manifest, MediaTypes.System),
            Messages = Checked(ref defect, manifest, "messages", MessagesOf, Last(manifest, MediaTypes.Messages)) ?? [],
            Defect = defect ?? AbsenceOf(manifest, stored.Config),
            Stored = stored,
        };
    }

    private static string? DefectOf(StoredManifest manifest)
    {
        string name = manifest.Name.DisplayName;
        return manifest.LayersOf(MediaTypes.Tensor).Any() ? $"the model '{name}' is stored as safetensors, which cannot be run: create it anew from its files, which makes a GGUF of them"
            : null;
    }

    private static string? AbsenceOf(StoredManifest manifest, ModelConfig config) =>
        config.RemoteHost is { Length: > 0 } host ? $"the model '{manifest.Name}' runs at {host} and not on this machine, which LocalLlm does not offer"
        : manifest.LayersOf(MediaTypes.Model).Any() ? null
        : $"the model '{manifest.Name}' has no model file: its manifest '{manifest.Path}' names none";

    /// <summary>What a layer says; a layer that is broken is the model's defect, unless it has another.</summary>
    private static T? Checked<T>(ref string? defect, StoredManifest manifest, string layer, LayerParser<T> parse, byte[]? content)
    {
        if (content is null)
        {
            return default;
        }
        try
        {
            return parse(content);
        }
        catch (Exception exception) when (exception is FormatException or JsonException or InvalidOperationException or GoTemplateException)
        {
            string way = exception is GoTemplateException ? " OLLAMA_GO_TEMPLATE=0 uses the template in its file instead." : "";
            defect ??= $"the model '{manifest.Name}' cannot be used: its {layer} layer is broken: {exception.Message}{way}";
            return default;
        }
    }

    private StoredTemplate PromptsOf(ReadOnlySpan<byte> text, ModelConfig config) =>
        new(new GoChatTemplate(Encoding.UTF8.GetString(text)), goTemplates, HasRenderer: config.Renderer is { Length: > 0 });

    private static JsonElement? ParamsOf(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        JsonElement options = JsonElement.ParseValue(ref reader);
        return options.ValueKind == JsonValueKind.Object ? options : throw new FormatException($"it is no object but {options.ValueKind}");
    }

    private static IReadOnlyList<ChatMessage> MessagesOf(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        return
        [
            .. JsonElement.ParseValue(ref reader).EnumerateArray().Select(message => new ChatMessage
            {
                Role = message.TryGetProperty("role", out JsonElement role) ? role.GetString()?.ToLowerInvariant() ?? "" : throw new FormatException("a message has no role"),
                Content = message.TryGetProperty("content", out JsonElement content) ? content.GetString() ?? "" : "",
            }),
        ];
    }

    private string[] PathsOf(StoredManifest manifest, string mediaType) => [.. manifest.LayersOf(mediaType).Select(layer => store.Blobs.PathOf(layer.Blob))];

    private string? LastText(StoredManifest manifest, string mediaType) => Last(manifest, mediaType) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    /// <summary>The last layer of a type is the one in force.</summary>
    private byte[]? Last(StoredManifest manifest, string mediaType) => manifest.LayersOf(mediaType).LastOrDefault() is { } layer ? TextOf(layer) : null;

    /// <summary>A layer's bytes; null if they are missing or too many.</summary>
    private byte[]? TextOf(ManifestLayer layer)
    {
        try
        {
            FileInfo file = new(store.Blobs.PathOf(layer.Blob));
            return file.Length <= MaxTextBytes ? File.ReadAllBytes(file.FullName) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private delegate T LayerParser<out T>(ReadOnlySpan<byte> content);
}
