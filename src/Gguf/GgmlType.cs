namespace LocalLlm.Gguf;

/// <summary>
/// How the numbers of a tensor are stored, with the numbers that GGUF files use for it. The gaps (4, 5, 31 to 33, 36 to 38) are
/// types that were withdrawn. Sizes stand in <see cref="GgmlTypes"/>.
/// </summary>
public enum GgmlType : uint
{
    /// <summary>IEEE 754 single precision.</summary>
    F32 = 0,

    /// <summary>IEEE 754 half precision.</summary>
    F16 = 1,

    /// <summary>4 bits, blocks of 32 with one scale.</summary>
    Q4_0 = 2,

    /// <summary>4 bits, blocks of 32 with scale and minimum.</summary>
    Q4_1 = 3,

    /// <summary>5 bits, blocks of 32 with one scale.</summary>
    Q5_0 = 6,

    /// <summary>5 bits, blocks of 32 with scale and minimum.</summary>
    Q5_1 = 7,

    /// <summary>8 bits, blocks of 32 with one scale.</summary>
    Q8_0 = 8,

    /// <summary>8 bits, blocks of 32 with scale and scaled sum; an activation format.</summary>
    Q8_1 = 9,

    /// <summary>2 bits, super-blocks of 256 with 4-bit scales and minima.</summary>
    Q2_K = 10,

    /// <summary>3 bits, super-blocks of 256 with 6-bit scales.</summary>
    Q3_K = 11,

    /// <summary>4 bits, super-blocks of 256 with 6-bit scales and minima.</summary>
    Q4_K = 12,

    /// <summary>5 bits, super-blocks of 256 with 6-bit scales and minima.</summary>
    Q5_K = 13,

    /// <summary>6 bits, super-blocks of 256 with 8-bit scales.</summary>
    Q6_K = 14,

    /// <summary>8 bits, super-blocks of 256 with one scale and sums of 16; an activation format.</summary>
    Q8_K = 15,

    /// <summary>About 2.06 bits a weight from a code book, super-blocks of 256.</summary>
    IQ2_XXS = 16,

    /// <summary>About 2.31 bits a weight from a code book, super-blocks of 256.</summary>
    IQ2_XS = 17,

    /// <summary>About 3.06 bits a weight from a code book, super-blocks of 256.</summary>
    IQ3_XXS = 18,

    /// <summary>About 1.56 bits a weight from a code book, super-blocks of 256.</summary>
    IQ1_S = 19,

    /// <summary>4 bits through a non-linear table, blocks of 32.</summary>
    IQ4_NL = 20,

    /// <summary>About 3.44 bits a weight from a code book, super-blocks of 256.</summary>
    IQ3_S = 21,

    /// <summary>About 2.56 bits a weight from a code book, super-blocks of 256.</summary>
    IQ2_S = 22,

    /// <summary>4 bits through a non-linear table, super-blocks of 256 with 6-bit scales.</summary>
    IQ4_XS = 23,

    /// <summary>Signed integer of 8 bits.</summary>
    I8 = 24,

    /// <summary>Signed integer of 16 bits.</summary>
    I16 = 25,

    /// <summary>Signed integer of 32 bits.</summary>
    I32 = 26,

    /// <summary>Signed integer of 64 bits.</summary>
    I64 = 27,

    /// <summary>IEEE 754 double precision.</summary>
    F64 = 28,

    /// <summary>About 1.75 bits a weight from a code book, super-blocks of 256.</summary>
    IQ1_M = 29,

    /// <summary>The upper half of an IEEE 754 single.</summary>
    BF16 = 30,

    /// <summary>Ternary weights, five to a byte, super-blocks of 256.</summary>
    TQ1_0 = 34,

    /// <summary>Ternary weights, four to a byte, super-blocks of 256.</summary>
    TQ2_0 = 35,

    /// <summary>OCP micro-scaling floats: E2M1 weights in blocks of 32 with one E8M0 scale.</summary>
    MXFP4 = 39,
}
