using LocalLlm.Server.Http;
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
    /// <exception cref="RequestException">400: a file is missing or of no known kind; 404: there is no such model.</exception>
    /// <exception cref="StoreException">The store is read-only.</exception>
    public static CreationSource Of(CreateRequest request, ServedModels models)
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
            return new ModelSource(models, FindModel(models, from), ServedModels.NameOf(from).DisplayName, request.Files);
        }
        return CheckpointSource.Fits(request.Files) ? new CheckpointSource(request.Files, request.Model) : new GgufSource(request.Files);
    }

    /// <summary>Takes what is needed from the source.</summary>
    /// <exception cref="RequestException">The files are broken or not what they should be.</exception>
    /// <exception cref="StoreException">The store cannot be written to.</exception>
    public abstract Task<SourceLayers> TakeAsync(Workshop shop);

    private static ServedModel FindModel(ServedModels models, string from)
    {
        ServedModel model = models.Find(from)
            ?? throw RequestException.NotFound($"model '{from}' not found: pull it first, or give the path of a GGUF file or of a folder with safetensors");
        return model.Defect is null ? model : throw RequestException.BadRequest(model.Defect);
    }
}
