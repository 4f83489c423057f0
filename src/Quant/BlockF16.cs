using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>
/// F16: one IEEE 754 binary16 number (1 sign, 5 exponent, 10 fraction bits; ggml). Widening is exact, subnormals and infinities included.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct BlockF16 : IBlock<BlockF16>
{
    /// <summary>The weight.</summary>
    public Half Value;

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.F16;

    /// <inheritdoc/>
    public static void Decode(in BlockF16 block, Span<float> destination) => destination[0] = (float)block.Value;
}
