using LocalLlm.Engine;
using LocalLlm.Engine.Quantization;
using LocalLlm.Gguf;

namespace LocalLlm.Server.Models;

/// <summary>What a model of the catalogue will take, worked out from its facts alone: before it is downloaded, and without opening a file.</summary>
internal static class CataloguePlan
{
    /// <summary>Bytes of a model's file: those that the manifest gives, else those of its tensors, which is what a file has but for its vocabulary (some megabytes).</summary>
    /// <returns>Null if the manifest gives neither a size nor a shape with a quantization that is known.</returns>
    public static long? FileBytes(CatalogueModel model)
    {
        if (model.Size is not null || model is not { Architecture: { } architecture } || !QuantizationRecipe.TryFind(model.Quantization ?? "", out QuantizationRecipe? recipe))
        {
            return model.Size;
        }
        return model switch
        {
            { Shape: { } shape } => shape.Tensors(architecture).Sum(
                tensor => Bytes(tensor, shape.Blocks, tensor.Block < 0 && tensor.Role == (shape.Output == OutputHead.Shared ? "token_embd" : "output"), recipe)),
            { EncoderShape: { } shape, Context: { } context } => shape.Tensors(context).Sum(tensor => Bytes(tensor, shape.Blocks, isHead: false, recipe)),
            _ => null,
        };
    }

    /// <summary>The memory plan of a model.</summary>
    /// <param name="model">The entry.</param>
    /// <param name="options">How it would be loaded.</param>
    /// <param name="availableBytes">Bytes that are free.</param>
    /// <returns>Null if the manifest says too little of the model.</returns>
    public static MemoryPlan? For(CatalogueModel model, ModelOptions options, long availableBytes)
    {
        if (FileBytes(model) is not { } bytes || model is not { Architecture: { } architecture, Context: { } context })
        {
            return null;
        }
        return model switch
        {
            { Shape: { } shape } => MemoryPlan.For(shape.ToConfig(architecture, context), bytes, options, availableBytes),
            { EncoderShape: { } shape } => MemoryPlan.For(shape.ToConfig(architecture, context), bytes, options, availableBytes),
            _ => null,
        };
    }

    private static long Bytes(CatalogueTensor tensor, int blocks, bool isHead, QuantizationRecipe recipe)
    {
        if (tensor.Rows == 1)
        {
            return tensor.Elements * sizeof(float);
        }
        GgmlType type = QuantizationRecipe.ForRows(recipe.TypeOf(tensor.Role, tensor.Block, blocks, isHead), tensor.Columns);
        return GgmlTypes.RowBytes(type, tensor.Columns) * tensor.Rows;
    }
}
