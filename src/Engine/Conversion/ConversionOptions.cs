using LocalLlm.Gguf;

namespace LocalLlm.Engine.Conversion;

/// <summary>How a checkpoint is converted.</summary>
public sealed record ConversionOptions
{
    /// <summary>Format of the matrices: F32, F16 or BF16; null keeps each as it is. Norms and biases become F32 either way.</summary>
    public GgmlType? MatrixType { get; init; }

    /// <summary><c>general.name</c>; null for the name of the directory.</summary>
    public string? Name { get; init; }
}
