using LocalLlm.Engine;
using LocalLlm.Engine.Quantization;
using LocalLlm.Gguf;
using LocalLlm.Server.Http;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Creation;

/// <summary>Rounds the weights of a model layer.</summary>
internal static class LayerQuantizer
{
    /// <summary>Makes the layer in another format; the layer itself where it has that already.</summary>
    /// <exception cref="RequestException">400: the weights have been rounded before.</exception>
    /// <exception cref="StoreException">The store cannot be written to.</exception>
    public static async Task<ManifestLayer> RunAsync(Workshop shop, ManifestLayer model, QuantizationRecipe recipe)
    {
        using GgufFile file = GgufFile.Open(shop.Store.Blobs.PathOf(model.Blob));
        string format = QuantizationName.Of(file);
        if (file.Tensors.Any(tensor => GgmlTypes.IsQuantized(tensor.Type)))
        {
            throw RequestException.BadRequest($"quantization is only supported for F16, BF16 and F32 models, and this one is {format}: rounding again loses more, so start from the original weights");
        }
        QuantizationPlan plan = QuantizationPlan.Of(file, recipe);
        if (plan.Tensors.All(tensor => tensor.IsCopied))
        {
            return model;
        }
        return await shop.WriteLayerAsync(
            $"quantizing {format} model to {recipe.Name}",
            MediaTypes.Model,
            model.Blob,
            plan.Bytes,
            (path, tell) => ModelQuantizer.Write(plan, path, shop.Threads, tell, shop.Cancellation));
    }
}
