namespace LocalLlm.Engine.Conversion;

/// <summary>How far a conversion has come.</summary>
/// <param name="Tensor">The tensor being written.</param>
/// <param name="Bytes">Bytes of tensors written.</param>
/// <param name="TotalBytes">Bytes of all tensors.</param>
public readonly record struct ConversionProgress(string Tensor, long Bytes, long TotalBytes);
