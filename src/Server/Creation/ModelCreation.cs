using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Engine.Chat;
using LocalLlm.Gguf;
using LocalLlm.Server.Http;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Models;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>
/// Makes a model of the store from another one or from uploaded files. The manifest comes last, so that a model is listed when it is whole and never before;
/// blobs that a failure leaves behind without a manifest go when the store is pruned.
/// </summary>
/// <param name="request">What is wanted.</param>
/// <param name="source">What it is built upon.</param>
internal sealed class ModelCreation(CreateRequest request, CreationSource source)
{
    /// <summary>How often it is made anew if others' deletes take its blobs.</summary>
    private const int MaxAttempts = 5;

    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Makes it.</summary>
    /// <exception cref="RequestException">The files are broken or not what they should be.</exception>
    /// <exception cref="StoreException">The store cannot be written to.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public async Task RunAsync(Workshop shop)
    {
        try
        {
            await RepeatAsync(shop);
        }
        finally
        {
            shop.TidyUp();
        }
    }

    private async Task RepeatAsync(Workshop shop)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await TryAsync(shop);
                return;
            }
            catch (StoreException exception) when (exception.Kind == StoreErrorKind.MissingBlob && attempt < MaxAttempts)
            {
                // Another process deleted the last model that used one of the blobs, just now.
            }
        }
    }

    private async Task TryAsync(Workshop shop)
    {
        SourceLayers start = await source.TakeAsync(shop);
        LayerSet layers = new(shop, start.Layers);
        if (request.Quantize is { } recipe)
        {
            layers.Model = await LayerQuantizer.RunAsync(shop, layers.Model, recipe);
        }
        GgufFacts facts = FactsOf(shop, layers.Model);
        foreach (RequestedAdapter adapter in request.Adapters)
        {
            layers.Add(await LayerAdapter.RunAsync(shop, layers.Model, adapter));
        }
        AddTexts(shop, layers);
        ManifestLayer config = layers.Store(ConfigOf(shop, start.Config, facts, layers.Layers).ToJson(), MediaTypes.Config);
        ModelManifest manifest = new() { MediaType = MediaTypes.Manifest, Config = config, Layers = layers.Layers };

        shop.Cancellation.ThrowIfCancellationRequested();
        shop.Say("writing manifest");
        shop.Store.Put(request.Model, manifest.ToJson(), shop.DropsUnused);
        shop.Say(CreateProgress.Success);
    }

    private static GgufFacts FactsOf(Workshop shop, ManifestLayer model)
    {
        string path = shop.Store.Blobs.PathOf(model.Blob);
        try
        {
            return GgufFacts.Read(path);
        }
        catch (GgufFormatException exception)
        {
            throw RequestException.BadRequest($"the model cannot be used: {exception.Message.Replace(path, model.Digest, StringComparison.Ordinal)}");
        }
    }

    private void AddTexts(Workshop shop, LayerSet layers)
    {
        layers.Replace("template", request.Template, MediaTypes.Template, MediaTypes.Prompt);
        layers.Replace("system", request.System, MediaTypes.System);
        if (request.Parameters.Count > 0)
        {
            layers.Replace("parameters", MergedParameters(shop, layers).ToJsonString(s_json), MediaTypes.Params);
        }
        layers.Replace("messages", request.Messages is { } messages ? JsonOf(messages) : null, MediaTypes.Messages);
        foreach (string licence in request.Licences)
        {
            layers.Append("license", licence, MediaTypes.License);
        }
    }

    /// <summary>The options of the source with those of the request over them.</summary>
    private JsonObject MergedParameters(Workshop shop, LayerSet layers)
    {
        JsonObject merged = [];
        if (layers.Layers.LastOrDefault(layer => layer.MediaType == MediaTypes.Params) is { } before)
        {
            merged = JsonNodes.ObjectOf(JsonElement.Parse(File.ReadAllBytes(shop.Store.Blobs.PathOf(before.Blob))));
        }
        foreach ((string option, JsonNode? value) in request.Parameters)
        {
            merged[option] = value?.DeepClone();
        }
        return merged;
    }

    private static string JsonOf(IReadOnlyList<ChatMessage> messages) => new JsonArray(
        [.. messages.Select(message => new JsonObject { ["role"] = message.Role, ["content"] = message.Content })]).ToJsonString(s_json);

    private ModelConfig ConfigOf(Workshop shop, ModelConfig before, GgufFacts facts, IReadOnlyList<ManifestLayer> layers) => before with
    {
        ModelFormat = "gguf",
        ModelFamily = facts.Architecture,
        ModelFamilies = [.. layers.Where(layer => layer.MediaType == MediaTypes.Projector).Select(layer => ArchitectureOf(shop, layer)).Prepend(facts.Architecture).Distinct()],
        ModelType = HumanNumber.Of(facts.ParameterCount),
        FileType = facts.Quantization,
        Renderer = request.Renderer ?? before.Renderer,
        Parser = request.Parser ?? before.Parser,
        Requires = request.Requires ?? before.Requires,
        Capabilities = request.Info.Capabilities ?? before.Capabilities,
        ContextLength = request.Info.ContextLength ?? before.ContextLength,
        EmbeddingLength = request.Info.EmbeddingLength ?? before.EmbeddingLength,
        BaseName = request.Info.BaseName ?? before.BaseName,
        Architecture = "amd64",
        Os = "linux",
        Rootfs = new RootFs { Type = "layers", DiffIds = [.. layers.Select(layer => layer.Digest)] },
    };

    private static string ArchitectureOf(Workshop shop, ManifestLayer projector)
    {
        using GgufFile file = GgufFile.Open(shop.Store.Blobs.PathOf(projector.Blob));
        return file.Metadata.GetString("general.architecture");
    }
}
