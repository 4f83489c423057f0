using LocalLlm.Engine;
using LocalLlm.Engine.Quantization;
using LocalLlm.Engine.Transformer;
using LocalLlm.Gguf;

namespace LocalLlm.Server.Models;

/// <summary>What a model of the catalogue will take, worked out from its facts alone: before it is downloaded, and without opening a file.</summary>
internal static class CataloguePlan
{
    /// <summary>Bytes of a model's file: those that the manifest gives, else those of its tensors, which is what a file has but for its vocabulary (some megabytes).</summary>
    /// <returns>Null if the manifest gives neither a size nor a shape with a quantization that is known.</returns>
    public static long? FileBytes(CatalogueModel model)
    {
        if (model.Size is not null || model.Shape is null || model.Architecture is null || !QuantizationRecipe.TryFind(model.Quantization ?? "", out QuantizationRecipe? recipe))
        {
            return model.Size;
        }
        return model.Shape.Tensors(model.Architecture).Sum(tensor => Bytes(tensor, model.Shape, recipe));
    }

    /// <summary>The memory plan of a model.</summary>
    /// <param name="model">The entry.</param>
    /// <param name="options">How it would be loaded.</param>
    /// <param name="availableBytes">Bytes that are free.</param>
    /// <returns>Null if the manifest says too little of the model.</returns>
    public static MemoryPlan? For(CatalogueModel model, ModelOptions options, long availableBytes)
    {
        if (FileBytes(model) is not { } bytes || model is not { Shape: not null, Architecture: not null, Context: not null })
        {
            return null;
        }
        TransformerConfig config = model.Shape.ToConfig(model.Architecture, model.Context.Value);
        return MemoryPlan.For(config, bytes, options, availableBytes);
    }

    private static long Bytes(CatalogueTensor tensor, CatalogueShape shape, QuantizationRecipe recipe)
    {
        if (tensor.Rows == 1)
        {
            return tensor.Elements * sizeof(float);
        }
        bool isHead = tensor.Block < 0 && tensor.Role == (shape.Output == OutputHead.Shared ? "token_embd" : "output");
        GgmlType type = QuantizationRecipe.ForRows(recipe.TypeOf(tensor.Role, tensor.Block, shape.Blocks, isHead), tensor.Columns);
        return GgmlTypes.RowBytes(type, tensor.Columns) * tensor.Rows;
    }
}
