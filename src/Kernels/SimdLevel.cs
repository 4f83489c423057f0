namespace LocalLlm.Kernels;

/// <summary>
/// A set of processor instructions that the kernels are written for. Every level gives the same bits (<c>docs/arithmetic.md</c>), so
/// the choice is one of speed only. Values are ordered: a higher one is preferred where the processor has it.
/// </summary>
public enum SimdLevel
{
    /// <summary>Plain C#, the specification of every kernel. Runs everywhere.</summary>
    Scalar,

    /// <summary>256-bit integers and floats with fused multiply-add: AVX2 and FMA.</summary>
    Avx2,

    /// <summary><see cref="Avx2"/> and the 256-bit byte dot product <c>vpdpbusd</c> (AVX-VNNI).</summary>
    AvxVnni,

    /// <summary>512-bit integers and floats: AVX-512 F, BW, DQ and VL.</summary>
    Avx512,

    /// <summary><see cref="Avx512"/>, and matrix products by kernels assembled at run time around the 512-bit <c>vpdpbusd</c> (AVX512_VNNI).</summary>
    Avx512Vnni,
}
