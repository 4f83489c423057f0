using LocalLlm.Gguf;
using LocalLlm.Gguf.Safetensors;

namespace LocalLlm.Engine.Conversion;

/// <summary>A tensor of the result: which tensor of the checkpoint it comes from, and how.</summary>
/// <param name="Name">Its name in GGUF.</param>
/// <param name="Source">The tensor of the checkpoint, [rows, columns] or [length].</param>
/// <param name="PermutedHeads">Heads whose rows change places (see <see cref="HeadPermutation"/>); 0 for none.</param>
internal sealed record ConvertedTensor(string Name, SafetensorsTensor Source, int PermutedHeads)
{
    /// <summary>Whether it is a matrix. Vectors (norms and biases) are kept in F32, as every reader expects them.</summary>
    public bool IsMatrix => Source.Shape.Count > 1;

    /// <summary>Whether it is kept in F32 whatever the format of the matrices, as every reader expects it: an embedding of positions or types, or a head of one row.</summary>
    public bool IsExact { get; init; }

    /// <summary>Extents in GGUF's order, fastest first.</summary>
    public long[] Dimensions => [.. Source.Shape.Reverse()];

    /// <summary>The format in the result.</summary>
    /// <param name="matrixType">Format of the matrices; null to keep each as it is.</param>
    public GgmlType TypeIn(GgmlType? matrixType) => IsMatrix && !IsExact ? matrixType ?? Source.Type : GgmlType.F32;
}
