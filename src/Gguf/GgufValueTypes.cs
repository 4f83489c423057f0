using System.Buffers.Binary;

namespace LocalLlm.Gguf;

/// <summary>Widths, names and decoding of the metadata types.</summary>
internal static class GgufValueTypes
{
    /// <summary>Whether the number stands for a type.</summary>
    public static bool IsDefined(GgufValueType type) => type <= GgufValueType.Float64;

    /// <summary>Whether values of the type are integers.</summary>
    public static bool IsInteger(GgufValueType type) => type is GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.UInt16 or GgufValueType.Int16
        or GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.UInt64 or GgufValueType.Int64;

    /// <summary>Whether values of the type are integers or floats.</summary>
    public static bool IsNumber(GgufValueType type) => IsInteger(type) || type is GgufValueType.Float32 or GgufValueType.Float64;

    /// <summary>Bytes of a scalar; of a string or an array the least it can take: its header.</summary>
    public static int MinimumBytes(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        GgufValueType.Array => sizeof(uint) + sizeof(ulong),
        _ => 8,
    };

    /// <summary>The type as messages spell it.</summary>
    public static string Name(GgufValueType type) => type.ToString().ToLowerInvariant();

    /// <summary>The type that holds a .NET scalar.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static GgufValueType TypeOf<T>()
        where T : unmanaged
        => default(T) switch
        {
            byte => GgufValueType.UInt8,
            sbyte => GgufValueType.Int8,
            ushort => GgufValueType.UInt16,
            short => GgufValueType.Int16,
            uint => GgufValueType.UInt32,
            int => GgufValueType.Int32,
            ulong => GgufValueType.UInt64,
            long => GgufValueType.Int64,
            float => GgufValueType.Float32,
            double => GgufValueType.Float64,
            bool => GgufValueType.Bool,
            _ => throw new ArgumentException($"GGUF has no metadata type for {typeof(T).Name}."),
        };

    /// <summary>Decodes an integer of any width.</summary>
    public static bool TryReadInteger(GgufValueType type, ReadOnlySpan<byte> bytes, out Int128 value)
    {
        (bool fits, value) = type switch
        {
            GgufValueType.UInt8 => (true, bytes[0]),
            GgufValueType.Int8 => (true, (sbyte)bytes[0]),
            GgufValueType.UInt16 => (true, BinaryPrimitives.ReadUInt16LittleEndian(bytes)),
            GgufValueType.Int16 => (true, BinaryPrimitives.ReadInt16LittleEndian(bytes)),
            GgufValueType.UInt32 => (true, BinaryPrimitives.ReadUInt32LittleEndian(bytes)),
            GgufValueType.Int32 => (true, BinaryPrimitives.ReadInt32LittleEndian(bytes)),
            GgufValueType.UInt64 => (true, BinaryPrimitives.ReadUInt64LittleEndian(bytes)),
            GgufValueType.Int64 => (true, BinaryPrimitives.ReadInt64LittleEndian(bytes)),
            _ => (false, default(Int128)),
        };
        return fits;
    }

    /// <summary>Decodes a float or an integer of any width.</summary>
    public static bool TryReadNumber(GgufValueType type, ReadOnlySpan<byte> bytes, out double value)
    {
        switch (type)
        {
            case GgufValueType.Float32:
                value = BinaryPrimitives.ReadSingleLittleEndian(bytes);
                return true;
            case GgufValueType.Float64:
                value = BinaryPrimitives.ReadDoubleLittleEndian(bytes);
                return true;
            default:
                bool fits = TryReadInteger(type, bytes, out Int128 integer);
                value = (double)integer;
                return fits;
        }
    }

    /// <summary>Bytes that <paramref name="count"/> elements take at the start of a payload that has been validated.</summary>
    public static int PayloadLength(GgufValueType elementType, int count, ReadOnlySpan<byte> payload)
    {
        if (elementType is not (GgufValueType.String or GgufValueType.Array))
        {
            return count * MinimumBytes(elementType);
        }
        int at = 0;
        for (int i = 0; i < count; i++)
        {
            if (elementType == GgufValueType.String)
            {
                at += sizeof(long) + (int)BinaryPrimitives.ReadInt64LittleEndian(payload[at..]);
                continue;
            }
            GgufValueType inner = (GgufValueType)BinaryPrimitives.ReadUInt32LittleEndian(payload[at..]);
            int innerCount = (int)BinaryPrimitives.ReadInt64LittleEndian(payload[(at + sizeof(uint))..]);
            at += MinimumBytes(GgufValueType.Array);
            at += PayloadLength(inner, innerCount, payload[at..]);
        }
        return at;
    }
}
