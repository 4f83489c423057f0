using System.Globalization;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>A weight is no number, infinite, or too large for the format that it is to be stored in.</summary>
/// <param name="index">Where it stands in the row that was given.</param>
/// <param name="weight">The weight.</param>
/// <param name="type">The format.</param>
public sealed class WeightRangeException(int index, float weight, GgmlType type) : Exception(Sentence(weight, type))
{
    /// <summary>Where the weight stands in the row that was given.</summary>
    public int Index { get; } = index;

    /// <summary>The weight.</summary>
    public float Weight { get; } = weight;

    private static string Sentence(float weight, GgmlType type) => float.IsFinite(weight)
        ? string.Create(CultureInfo.InvariantCulture, $"the weight {weight:R} is too large for {GgmlTypes.Name(type)}, which holds magnitudes up to {RowEncoder.LargestMagnitude(type):R}")
        : string.Create(CultureInfo.InvariantCulture, $"the weight {weight} is not a finite number");
}
