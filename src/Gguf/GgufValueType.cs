namespace LocalLlm.Gguf;

/// <summary>Type of a metadata value, with the numbers that GGUF files use for it.</summary>
public enum GgufValueType : uint
{
    /// <summary>Unsigned integer of 8 bits.</summary>
    UInt8 = 0,

    /// <summary>Signed integer of 8 bits.</summary>
    Int8 = 1,

    /// <summary>Unsigned integer of 16 bits.</summary>
    UInt16 = 2,

    /// <summary>Signed integer of 16 bits.</summary>
    Int16 = 3,

    /// <summary>Unsigned integer of 32 bits.</summary>
    UInt32 = 4,

    /// <summary>Signed integer of 32 bits.</summary>
    Int32 = 5,

    /// <summary>IEEE 754 single precision.</summary>
    Float32 = 6,

    /// <summary>One byte, 0 or 1.</summary>
    Bool = 7,

    /// <summary>A 64-bit byte count, then UTF-8 without a terminator.</summary>
    String = 8,

    /// <summary>The elements' type, a 64-bit count, then the elements without padding.</summary>
    Array = 9,

    /// <summary>Unsigned integer of 64 bits.</summary>
    UInt64 = 10,

    /// <summary>Signed integer of 64 bits.</summary>
    Int64 = 11,

    /// <summary>IEEE 754 double precision.</summary>
    Float64 = 12,
}
