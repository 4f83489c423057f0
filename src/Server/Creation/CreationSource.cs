using LocalLlm.Server.Http;
using LocalLlm.Server.Registry;
using LocalLlm.Server.Residency;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>What a source gives: the layers to begin with, and the config of the model that they come from.</summary>
/// <param name="Layers">One of them is the model. Their blobs are in the store.</param>
/// <param name="Config">Empty if they come from no model.</param>
internal sealed record SourceLayers(IReadOnlyList<ManifestLayer> Layers, ModelConfig Config);

/// <summary>What a model is built upon.</summary>
internal abstract class CreationSource
{
    /// <summary>The source that a request names. Whatever is wrong with it and can be told from names is told here, before any work.</summary>
    /// <param name="request">The request.</param>
    /// <param name="models">All models.</param>
    /// <param name="pull">Fetches a model that is not there.</param>
    /// <exception cref="RequestException">400: a file is missing, or the model cannot be used.</exception>
    /// <exception cref="StoreException">The store is read-only.</exception>
    public static CreationSource Of(CreateRequest request, ServedModels models, Lazy<ModelPull> pull)
    {
        if (models.Store.IsReadOnly)
        {
            throw ModelStore.IsReadOnlyError(models.Store.Root);
        }
        foreach (UploadedFile file in request.Files.Concat(request.Adapters.SelectMany(adapter => adapter.Files)))
        {
            file.Require(models.Store.Blobs);
        }
        if (request.From is { } from)
        {
            return models.Find(from) is null
                ? new PulledSource(models, pull.Value, new PullRequest(ServedModels.NameOf(from)) { Insecure = request.Insecure }, request.Files)
                : OfModel(models, from, request.Files);
        }
        return CheckpointSource.Fits(request.Files) ? new CheckpointSource(request.Files, request.Model) : new GgufSource(request.Files);
    }

    /// <summary>Takes what is needed from the source.</summary>
    /// <exception cref="RequestException">The files are broken or not what they should be.</exception>
    /// <exception cref="StoreException">The store cannot be written to.</exception>
    public abstract Task<SourceLayers> TakeAsync(Workshop shop);

    /// <summary>A model that is there.</summary>
    /// <exception cref="RequestException">404: it is not; 400: it cannot be used.</exception>
    protected static ModelSource OfModel(ServedModels models, string name, IReadOnlyList<UploadedFile> projectors)
    {
        ServedModel model = models.Find(name) ?? throw RequestException.NotFound($"model '{name}' not found");
        return model.Defect is null
            ? new ModelSource(models, model, ServedModels.NameOf(name).DisplayName, projectors)
            : throw RequestException.BadRequest(model.Defect);
    }
}
