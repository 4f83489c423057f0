using LocalLlm.Gguf;

namespace LocalLlm.Engine.Quantization;

/// <summary>What becomes of a tensor.</summary>
/// <param name="Source">The tensor as it is.</param>
/// <param name="Type">Its format afterwards.</param>
/// <param name="Wanted">The recipe's format; another one where the rows are no whole number of its blocks.</param>
public sealed record PlannedTensor(GgufTensor Source, GgmlType Type, GgmlType Wanted)
{
    /// <summary>Whether its bytes stay as they are.</summary>
    public bool IsCopied => Source.Type == Type;

    /// <summary>Bytes afterwards.</summary>
    public long ByteLength => GgmlTypes.RowBytes(Type, Source.Columns) * Source.Rows;
}
