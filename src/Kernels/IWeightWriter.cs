using System.Runtime.Intrinsics;

namespace LocalLlm.Kernels;

/// <summary>
/// The half of row dequantization that depends on the vector width: sixteen unpacked weights become float32 in memory. Unpacking
/// itself is byte arithmetic on at most 32 weights, one text for all widths.
/// </summary>
internal unsafe interface IWeightWriter
{
    /// <summary><c>y[i] = scale * q[i]</c>, one rounding.</summary>
    /// <param name="q">Quants, offsets already subtracted [16].</param>
    /// <param name="scale">Scale of all sixteen.</param>
    /// <param name="y">Float32 [16], unaligned.</param>
    static abstract void Write(Vector128<sbyte> q, float scale, float* y);

    /// <summary><c>y[i] = scale * q[i] + minimum</c>, a rounding for each of the two operations.</summary>
    /// <param name="q">Quants [16].</param>
    /// <param name="scale">Scale of all sixteen.</param>
    /// <param name="minimum">Weight of quant 0.</param>
    /// <param name="y">Float32 [16], unaligned.</param>
    static abstract void Write(Vector128<sbyte> q, float scale, float minimum, float* y);

    /// <summary>Widens sixteen binary16 numbers.</summary>
    /// <param name="x">Their bits [16], unaligned.</param>
    /// <param name="y">Float32 [16], unaligned.</param>
    static abstract void WriteHalves(ushort* x, float* y);

    /// <summary>Widens sixteen bfloat16 numbers, the upper halves of float32 ones.</summary>
    /// <param name="x">Their bits [16], unaligned.</param>
    /// <param name="y">Float32 [16], unaligned.</param>
    static abstract void WriteBFloats(ushort* x, float* y);
}
