using System.Runtime.InteropServices;
using LocalLlm.Gguf;

namespace LocalLlm.Bench;

/// <summary>
/// Weights for benchmarks. No kernel's time depends on the values of a block, so that blocks are random bytes; plain floats are kept
/// between -0.5 and 0.5, because subnormal ones take longer on some processors and no model is full of them.
/// </summary>
public static class RandomWeights
{
    /// <summary>Fills memory with weights of a format, the same ones every time.</summary>
    /// <param name="type">The format.</param>
    /// <param name="bytes">Where to; whole blocks, or a stretch of a file made of such stretches.</param>
    public static void Fill(GgmlType type, Span<byte> bytes)
    {
        Random random = new(1);
        switch (type)
        {
            case GgmlType.F32:
                foreach (ref float value in MemoryMarshal.Cast<byte, float>(bytes))
                {
                    value = random.NextSingle() - 0.5f;
                }
                break;
            case GgmlType.F16:
                foreach (ref Half value in MemoryMarshal.Cast<byte, Half>(bytes))
                {
                    value = (Half)(random.NextSingle() - 0.5f);
                }
                break;
            case GgmlType.BF16:
                foreach (ref ushort value in MemoryMarshal.Cast<byte, ushort>(bytes))
                {
                    value = (ushort)(BitConverter.SingleToUInt32Bits(random.NextSingle() - 0.5f) >> 16);
                }
                break;
            default:
                random.NextBytes(bytes);
                break;
        }
    }

    /// <summary>Fills memory with activations between -0.5 and 0.5, the same ones every time.</summary>
    public static void Fill(Span<float> values) => Fill(GgmlType.F32, MemoryMarshal.AsBytes(values));
}
