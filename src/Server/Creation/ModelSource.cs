using LocalLlm.Server.Http;
using LocalLlm.Server.Residency;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>Another model: all its layers are shared. One that is not in the store is put there, its file linked.</summary>
/// <param name="models">All models.</param>
/// <param name="model">The model.</param>
/// <param name="name">Its name, for provenance.</param>
/// <param name="projectors">Files to use beside it.</param>
internal sealed class ModelSource(ServedModels models, ServedModel model, string name, IReadOnlyList<UploadedFile> projectors) : CreationSource
{
    /// <inheritdoc/>
    public override async Task<SourceLayers> TakeAsync(Workshop shop)
    {
        shop.Say("reading model metadata");
        IReadOnlyList<ManifestLayer> layers;
        ModelConfig config;
        if (model.Stored is { } stored)
        {
            (layers, config) = (stored.Manifest.Manifest.Layers, stored.Config);
        }
        else
        {
            SynthesisedManifest manifest = await SynthesisedManifest.OfFileAsync(model, models.FactsOf(model), shop.Cancellation);
            await manifest.AddBlobsAsync(shop.Store, shop.Cancellation);
            (layers, config) = (manifest.Manifest.Layers, new ModelConfig());
        }
        foreach (ManifestLayer layer in layers)
        {
            shop.Say($"using existing layer {layer.Digest}");
        }
        IReadOnlyList<ManifestLayer> added = projectors.Count == 0 ? [] : await GgufSource.LayersAsync(shop, projectors);
        return added.Any(layer => layer.MediaType == MediaTypes.Model)
            ? throw RequestException.BadRequest("'files' holds a model and 'from' names another: give one of them")
            : new SourceLayers([.. layers.Select(layer => layer with { From = name }), .. added], config);
    }
}
