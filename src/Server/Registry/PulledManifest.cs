using System.Text.Json;
using LocalLlm.Server.Models;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Registry;

/// <summary>Reads the manifest that a registry gave out, and refuses what is no model or none that can be run, before anything large is fetched.</summary>
internal static class PulledManifest
{
    /// <summary>Reads a manifest.</summary>
    /// <param name="name">The model, for messages.</param>
    /// <param name="json">The manifest, Docker's or OCI's.</param>
    /// <exception cref="RegistryException">It is broken, or not of a model.</exception>
    public static ModelManifest Read(ModelName name, ReadOnlyMemory<byte> json)
    {
        if (IsIndex(json))
        {
            throw new RegistryException($"'{name}' at {name.Host} is no model but a list of images for several platforms");
        }
        ModelManifest manifest;
        try
        {
            manifest = ModelManifest.Parse(json.Span);
        }
        catch (FormatException exception)
        {
            throw new RegistryException($"{name.Host} gave a manifest of '{name}' that cannot be used: {exception.Message}", exception);
        }
        Require(name, manifest);
        return manifest;
    }

    private static void Require(ModelName name, ModelManifest manifest)
    {
        if (manifest.Layers.FirstOrDefault(layer => !MediaTypes.IsOfModel(layer.MediaType)) is { } foreign)
        {
            throw new RegistryException($"'{name}' at {name.Host} is no model that can be fetched: it has a layer of type '{foreign.MediaType}', and models have layers of {MediaTypes.Model} and the like");
        }
        int models = manifest.Layers.Count(layer => layer.MediaType == MediaTypes.Model);
        if (models > 1)
        {
            throw new RegistryException($"'{name}' at {name.Host} is split into {models} files, which a store cannot hold: choose a variant that is one file, or merge them and use 'localllm create'");
        }
        if (models == 0 && manifest.Layers.Any(layer => layer.MediaType == MediaTypes.Tensor))
        {
            throw new RegistryException($"'{name}' at {name.Host} is stored as safetensors, tensor by tensor, which cannot be run here: choose a variant that is a GGUF file");
        }
    }

    /// <summary>Whether it names manifests in place of layers (Docker's manifest list, OCI's image index).</summary>
    private static bool IsIndex(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("manifests", out _) && !document.RootElement.TryGetProperty("layers", out _);
        }
        catch (JsonException)
        {
            return false; // and no manifest either, which the parser says better
        }
    }
}
