namespace LocalLlm.Kernels.Dot;

/// <summary>An activation far out of its row's range, kept out of the 8-bit blocks and multiplied in float32.</summary>
/// <param name="Column">Where it stands in its row.</param>
/// <param name="Row">Its row (token).</param>
/// <param name="Value">The activation.</param>
internal readonly record struct Outlier(int Column, int Row, float Value);
