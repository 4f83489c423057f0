using LocalLlm.Gguf;
using LocalLlm.Quant;

namespace LocalLlm.Engine.Quantization;

/// <summary>What a recipe makes of the tensors of a file, in the file's order.</summary>
public sealed class QuantizationPlan
{
    private QuantizationPlan(GgufFile file, QuantizationRecipe recipe, IReadOnlyList<PlannedTensor> tensors)
    {
        File = file;
        Recipe = recipe;
        Tensors = tensors;
    }

    /// <summary>The file.</summary>
    public GgufFile File { get; }

    /// <summary>The recipe.</summary>
    public QuantizationRecipe Recipe { get; }

    /// <summary>The tensors.</summary>
    public IReadOnlyList<PlannedTensor> Tensors { get; }

    /// <summary>Bytes of all tensors afterwards.</summary>
    public long Bytes => Tensors.Sum(tensor => tensor.ByteLength);

    /// <summary>Bits for each weight afterwards, norms and biases included.</summary>
    public double BitsPerWeight => 8.0 * Bytes / Math.Max(1, Tensors.Sum(tensor => tensor.Source.ElementCount));

    /// <summary>The first tensor that was rounded once and would be rounded again, which loses more than rounding the original; null if there is none.</summary>
    public GgufTensor? Requantized => Tensors.FirstOrDefault(tensor => !tensor.IsCopied && GgmlTypes.IsQuantized(tensor.Source.Type))?.Source;

    /// <summary>
    /// Plans. Matrices of two or more dimensions whose role bears rounding get the recipe's formats; all else, and what has its format already, stays as it is.
    /// </summary>
    /// <param name="file">The model; open until the plan is carried out.</param>
    /// <param name="recipe">What it is to become.</param>
    /// <exception cref="TextEngineException">A matrix has a format that cannot be decoded.</exception>
    public static QuantizationPlan Of(GgufFile file, QuantizationRecipe recipe)
    {
        int blocks = file.Tensors.Select(tensor => TensorRole.Of(tensor.Name).Block).DefaultIfEmpty(-1).Max() + 1;
        bool hasHead = file.Find("output.weight") is not null;
        PlannedTensor[] tensors = [.. file.Tensors.Select(tensor => PlanOf(tensor, recipe, blocks, hasHead))];
        return tensors.FirstOrDefault(tensor => !tensor.IsCopied && !RowDecoder.Supports(tensor.Source.Type)) is { } unknown
            ? throw new TextEngineException(
                TextEngineErrorKind.Unsupported,
                $"The tensor {TensorRole.Quote(unknown.Source.Name)} is stored as {GgmlTypes.Name(unknown.Source.Type)}, which cannot be decoded: start from a file in F16, BF16 or F32.")
            : new QuantizationPlan(file, recipe, tensors);
    }

    private static PlannedTensor PlanOf(GgufTensor tensor, QuantizationRecipe recipe, int blocks, bool hasHead)
    {
        TensorRole place = TensorRole.Of(tensor.Name);
        if (!place.IsProjection || tensor.Dimensions.Count < 2 || !(RowDecoder.Supports(tensor.Type) || GgmlTypes.IsQuantized(tensor.Type)))
        {
            return new PlannedTensor(tensor, tensor.Type, tensor.Type);
        }
        bool isHead = place.Block < 0 && place.Role == (hasHead ? "output" : "token_embd");
        GgmlType wanted = recipe.TypeOf(place.Role, place.Block, blocks, isHead);
        return new PlannedTensor(tensor, QuantizationRecipe.ForRows(wanted, tensor.Columns), wanted);
    }
}
