using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>F32: one IEEE 754 binary32 number, stored as it is (ggml).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct BlockF32 : IBlock<BlockF32>
{
    /// <summary>The weight.</summary>
    public float Value;

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.F32;

    /// <inheritdoc/>
    public static void Decode(in BlockF32 block, Span<float> destination) => destination[0] = block.Value;
}
