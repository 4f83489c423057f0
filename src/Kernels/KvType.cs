namespace LocalLlm.Kernels;

/// <summary>How the KV cache stores a number.</summary>
public enum KvType
{
    /// <summary>IEEE binary16, rounded to nearest even when stored, widened exactly when read.</summary>
    F16,

    /// <summary>IEEE binary32.</summary>
    F32,

    /// <summary>
    /// Blocks of 32 numbers of a head as 8-bit integers with one binary16 scale, about half the memory of <see cref="F16"/>; docs/arithmetic.md
    /// has the rounding. The last block of a head is shorter where its length is no multiple of 32.
    /// </summary>
    Q8_0,
}
