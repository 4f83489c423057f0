namespace LocalLlm.Quant;

/// <summary>
/// The 16 values that the 4-bit quants of IQ4_NL and IQ4_XS stand for: spaced more closely around zero, where most weights lie (ggml).
/// </summary>
public static class IQ4Codebook
{
    /// <summary>Value of each quant, ascending, in -127..113.</summary>
    public static ReadOnlySpan<sbyte> Values => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
}
