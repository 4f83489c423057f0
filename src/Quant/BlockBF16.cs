using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Quant;

/// <summary>BF16: the upper half of one IEEE 754 binary32 number (1 sign, 8 exponent, 7 fraction bits; ggml). Widening is exact.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct BlockBF16 : IBlock<BlockBF16>
{
    /// <summary>Bits 16 to 31 of the float32.</summary>
    public ushort Value;

    /// <inheritdoc/>
    public static GgmlType Type => GgmlType.BF16;

    /// <inheritdoc/>
    public static void Decode(in BlockBF16 block, Span<float> destination) =>
        destination[0] = BitConverter.UInt32BitsToSingle((uint)block.Value << 16);
}
