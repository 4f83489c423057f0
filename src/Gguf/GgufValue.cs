using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace LocalLlm.Gguf;

/// <summary>
/// One metadata value, immutable. It holds the bytes that the file had (strings need not be valid UTF-8) and turns them into numbers,
/// strings and arrays when asked: an array of 150,000 strings costs its bytes until somebody wants the strings.
/// </summary>
public sealed class GgufValue
{
    private readonly byte[] _payload;

    internal GgufValue(GgufValueType type, byte[] payload)
    {
        Type = type;
        _payload = payload;
    }

    internal GgufValue(GgufValueType elementType, int count, byte[] payload)
        : this(GgufValueType.Array, payload)
    {
        ElementType = elementType;
        Count = count;
    }

    /// <summary>A value from a .NET scalar: the integers of 8 to 64 bits, float, double, bool.</summary>
    /// <exception cref="ArgumentException">The format has no type for <typeparamref name="T"/>.</exception>
    public static GgufValue Of<T>(T value)
        where T : unmanaged
        => new(GgufValueTypes.TypeOf<T>(), MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray());

    /// <summary>A string value.</summary>
    public static GgufValue OfString(string text) => OfString(Encoding.UTF8.GetBytes(text));

    /// <summary>A string value from its bytes, which need not be valid UTF-8.</summary>
    public static GgufValue OfString(ReadOnlySpan<byte> utf8) => new(GgufValueType.String, utf8.ToArray());

    /// <summary>An array value from .NET scalars, see <see cref="Of{T}"/>.</summary>
    /// <exception cref="ArgumentException">The format has no type for <typeparamref name="T"/>.</exception>
    public static GgufValue OfArray<T>(ReadOnlySpan<T> values)
        where T : unmanaged
        => new(GgufValueTypes.TypeOf<T>(), values.Length, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>An array of strings.</summary>
    public static GgufValue OfStrings(IEnumerable<string> values) => OfArray(GgufValueType.String, values.Select(OfString));

    /// <summary>An array of values of one type, for arrays of arrays and for strings that are not UTF-8.</summary>
    /// <exception cref="ArgumentException">A value has another type.</exception>
    public static GgufValue OfArray(GgufValueType elementType, IEnumerable<GgufValue> values)
    {
        ArrayBufferWriter<byte> payload = new();
        int count = 0;
        foreach (GgufValue value in values)
        {
            if (value.Type != elementType)
            {
                throw new ArgumentException($"An array of {GgufValueTypes.Name(elementType)} cannot hold a {value.TypeName}.", nameof(values));
            }
            value.Encode(payload);
            count++;
        }
        return new GgufValue(elementType, count, payload.WrittenSpan.ToArray());
    }

    /// <summary>The value's type.</summary>
    public GgufValueType Type { get; }

    /// <summary>The elements' type of an array, null for everything else.</summary>
    public GgufValueType? ElementType { get; }

    /// <summary>Elements of an array, 0 for everything else.</summary>
    public int Count { get; }

    /// <summary>
    /// The bytes as the file has them, little endian: a scalar's, a string's without its length, an array's elements (strings each with
    /// their 64-bit length, arrays each with element type and count).
    /// </summary>
    public ReadOnlySpan<byte> Payload => _payload;

    /// <summary>The type as messages spell it: <c>uint32</c>, <c>string</c>, <c>array of float32</c>.</summary>
    public string TypeName => ElementType is { } element ? $"array of {GgufValueTypes.Name(element)}" : GgufValueTypes.Name(Type);

    /// <summary>The value of a string; bytes that are not UTF-8 read as U+FFFD. False for other types.</summary>
    public bool TryGetString(out string value)
    {
        bool fits = Type == GgufValueType.String;
        value = fits ? Encoding.UTF8.GetString(_payload) : "";
        return fits;
    }

    /// <summary>The value of an integer of any width. False for other types.</summary>
    public bool TryGetInteger(out Int128 value) => GgufValueTypes.TryReadInteger(Type, _payload, out value);

    /// <summary>The value of a float or an integer of any width. False for other types.</summary>
    public bool TryGetNumber(out double value) => GgufValueTypes.TryReadNumber(Type, _payload, out value);

    /// <summary>The value of a boolean. False for other types.</summary>
    public bool TryGetBoolean(out bool value)
    {
        bool fits = Type == GgufValueType.Bool;
        value = fits && _payload[0] != 0;
        return fits;
    }

    /// <summary>The elements of an array of strings, as <see cref="TryGetString"/> reads them. False for other types.</summary>
    public bool TryGetStrings(out string[] values)
    {
        values = [];
        if (ElementType != GgufValueType.String)
        {
            return false;
        }
        values = new string[Count];
        ReadOnlySpan<byte> rest = _payload;
        for (int i = 0; i < values.Length; i++)
        {
            int length = (int)BinaryPrimitives.ReadInt64LittleEndian(rest);
            values[i] = Encoding.UTF8.GetString(rest.Slice(sizeof(long), length));
            rest = rest[(sizeof(long) + length)..];
        }
        return true;
    }

    /// <summary>The elements of an array of strings as bytes. False for other types.</summary>
    public bool TryGetStringBytes([NotNullWhen(true)] out GgufStrings? values)
    {
        values = ElementType == GgufValueType.String ? new GgufStrings(_payload, Count) : null;
        return values is not null;
    }

    /// <summary>The elements of an array of floats or integers of any width, as singles. False for other types.</summary>
    public bool TryGetSingles(out float[] values)
    {
        values = [];
        if (ElementType is not { } element || !GgufValueTypes.IsNumber(element))
        {
            return false;
        }
        if (element == GgufValueType.Float32)
        {
            values = MemoryMarshal.Cast<byte, float>(_payload).ToArray();
            return true;
        }
        values = new float[Count];
        int width = GgufValueTypes.MinimumBytes(element);
        for (int i = 0; i < values.Length; i++)
        {
            GgufValueTypes.TryReadNumber(element, _payload.AsSpan(i * width, width), out double value);
            values[i] = (float)value;
        }
        return true;
    }

    /// <summary>The elements of an array of integers of any width whose values all fit 32 bits. False otherwise.</summary>
    public bool TryGetInt32s(out int[] values)
    {
        values = [];
        if (ElementType is not { } element || !GgufValueTypes.IsInteger(element))
        {
            return false;
        }
        if (element == GgufValueType.Int32)
        {
            values = MemoryMarshal.Cast<byte, int>(_payload).ToArray();
            return true;
        }
        int[] result = new int[Count];
        int width = GgufValueTypes.MinimumBytes(element);
        for (int i = 0; i < result.Length; i++)
        {
            GgufValueTypes.TryReadInteger(element, _payload.AsSpan(i * width, width), out Int128 value);
            if (value < int.MinValue || value > int.MaxValue)
            {
                return false;
            }
            result[i] = (int)value;
        }
        values = result;
        return true;
    }

    /// <summary>The elements of an array of booleans. False for other types.</summary>
    public bool TryGetBooleans(out bool[] values)
    {
        bool fits = ElementType == GgufValueType.Bool;
        values = fits ? Array.ConvertAll(_payload, item => item != 0) : [];
        return fits;
    }

    /// <summary>The elements of an array of any type, one value each, in order; nothing for a value that is no array.</summary>
    public IEnumerable<GgufValue> Elements()
    {
        int at = 0;
        for (int i = 0; i < Count; i++)
        {
            GgufValue element = ElementAt(ref at);
            yield return element;
        }
    }

    /// <summary>The scalar, the string, or type and count of the array: for logs.</summary>
    public override string ToString()
    {
        if (TryGetString(out string text))
        {
            return text;
        }
        if (TryGetBoolean(out bool flag))
        {
            return flag ? "true" : "false";
        }
        if (TryGetInteger(out Int128 integer))
        {
            return FormattableString.Invariant($"{integer}");
        }
        return TryGetNumber(out double number) ? FormattableString.Invariant($"{number}") : FormattableString.Invariant($"{TypeName}[{Count}]");
    }

    /// <summary>Appends the value as a file holds it behind the value's type.</summary>
    internal void Encode(IBufferWriter<byte> output)
    {
        Span<byte> header = stackalloc byte[sizeof(uint) + sizeof(ulong)];
        BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)ElementType.GetValueOrDefault());
        BinaryPrimitives.WriteInt64LittleEndian(header[sizeof(uint)..], Type == GgufValueType.String ? _payload.Length : Count);
        output.Write(Type switch
        {
            GgufValueType.Array => header,
            GgufValueType.String => header[sizeof(uint)..],
            _ => [],
        });
        output.Write(_payload);
    }

    private GgufValue ElementAt(ref int at)
    {
        GgufValueType type = ElementType!.Value;
        ReadOnlySpan<byte> rest = _payload.AsSpan(at);
        if (type == GgufValueType.Array)
        {
            GgufValueType inner = (GgufValueType)BinaryPrimitives.ReadUInt32LittleEndian(rest);
            int count = (int)BinaryPrimitives.ReadInt64LittleEndian(rest[sizeof(uint)..]);
            int header = sizeof(uint) + sizeof(long);
            int length = GgufValueTypes.PayloadLength(inner, count, rest[header..]);
            at += header + length;
            return new GgufValue(inner, count, rest.Slice(header, length).ToArray());
        }
        int prefix = type == GgufValueType.String ? sizeof(long) : 0;
        int size = type == GgufValueType.String ? (int)BinaryPrimitives.ReadInt64LittleEndian(rest) : GgufValueTypes.MinimumBytes(type);
        at += prefix + size;
        return new GgufValue(type, rest.Slice(prefix, size).ToArray());
    }
}
