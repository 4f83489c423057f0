namespace LocalLlm.Kernels.Dot;

/// <summary>What a block's integer sums are multiplied by (<c>docs/arithmetic.md</c>).</summary>
/// <param name="Scale">Weight scale.</param>
/// <param name="Minimum">Minimum m; 0 in formats without.</param>
/// <param name="FirstScale">Integer scale of the first half; 1 in formats without.</param>
/// <param name="SecondScale">Integer scale of the second half; 1 in formats without.</param>
internal readonly record struct BlockFactors(float Scale, float Minimum = 0, int FirstScale = 1, int SecondScale = 1);
