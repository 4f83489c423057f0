using System.Runtime.CompilerServices;

namespace LocalLlm.Gguf;

/// <summary>
/// Reads the metadata section: per entry a key, the value's type (u32) and the value. Everything that an entry announces is held against
/// the limits and the file's end before it is used, and only what has been walked is copied.
/// </summary>
internal static unsafe class MetadataReader
{
    /// <summary>The least that an entry takes in the file: an empty key, its type, a value of one byte.</summary>
    public const int MinimumEntryBytes = sizeof(ulong) + sizeof(uint) + 1;

    /// <summary>Reads all entries; leaves the cursor behind the last.</summary>
    public static GgufMetadata Read(ref GgufCursor cursor, string path, int count, GgufLimits limits)
    {
        GgufMetadata metadata = new(path);
        for (int i = 0; i < count; i++)
        {
            long start = cursor.Position;
            string key = cursor.ReadName(limits.MaxKeyBytes, "a metadata key");
            cursor.Key = key;
            if (!metadata.TryAdd(key, ReadValue(ref cursor, limits)))
            {
                throw cursor.ErrorAt(start, "there is a second value", "each key once", "the key twice");
            }
            cursor.Key = null;
        }
        return metadata;
    }

    private static GgufValue ReadValue(ref GgufCursor cursor, GgufLimits limits)
    {
        GgufValueType type = ReadType(ref cursor, "the type of the value");
        long start = cursor.Position;
        if (type == GgufValueType.Array)
        {
            (GgufValueType elementType, int count) = ReadArrayHeader(ref cursor, depth: 1, limits);
            start = cursor.Position;
            Walk(ref cursor, elementType, count, depth: 1, limits);
            return new GgufValue(elementType, count, Copy(cursor, start, limits));
        }
        Walk(ref cursor, type, count: 1, depth: 0, limits);
        // A string's payload is its bytes: the length in front of them is implied.
        start += type == GgufValueType.String ? sizeof(ulong) : 0;
        return new GgufValue(type, Copy(cursor, start, limits));
    }

    private static GgufValueType ReadType(ref GgufCursor cursor, string what)
    {
        GgufValueType type = (GgufValueType)cursor.ReadUInt32(what);
        return GgufValueTypes.IsDefined(type)
            ? type
            : throw cursor.ErrorBefore(sizeof(uint), $"{what} is unknown", "0 to 12", $"{(uint)type}");
    }

    private static (GgufValueType ElementType, int Count) ReadArrayHeader(ref GgufCursor cursor, int depth, GgufLimits limits)
    {
        if (depth > limits.MaxArrayDepth)
        {
            throw cursor.Error("arrays are nested too deeply", $"at most {limits.MaxArrayDepth} levels", $"{depth} levels or more");
        }
        GgufValueType elementType = ReadType(ref cursor, "the element type of an array");
        int count = cursor.ReadCount(limits.MaxArrayLength, GgufValueTypes.MinimumBytes(elementType), "the length of an array");
        return (elementType, count);
    }

    // A vocabulary has hundreds of thousands of strings, and this runs before the runtime has compiled anything twice.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void WalkStrings(ref GgufCursor cursor, int count, GgufLimits limits)
    {
        int limit = limits.MaxStringBytes;
        for (int i = 0; i < count; i++)
        {
            cursor.Take(cursor.ReadStringLength(limit, "a string"), "a string");
        }
    }

    /// <summary>Steps over values of one type, checking all that they announce. The work is bounded by the bytes of the file.</summary>
    private static void Walk(ref GgufCursor cursor, GgufValueType type, int count, int depth, GgufLimits limits)
    {
        switch (type)
        {
            case GgufValueType.String:
                WalkStrings(ref cursor, count, limits);
                break;
            case GgufValueType.Array:
                for (int i = 0; i < count; i++)
                {
                    (GgufValueType innerType, int innerCount) = ReadArrayHeader(ref cursor, depth + 1, limits);
                    Walk(ref cursor, innerType, innerCount, depth + 1, limits);
                }
                break;
            default:
                byte* data = cursor.Take((long)count * GgufValueTypes.MinimumBytes(type), "a value");
                if (type == GgufValueType.Bool && new ReadOnlySpan<byte>(data, count).ContainsAnyExceptInRange((byte)0, (byte)1))
                {
                    throw cursor.ErrorBefore(count, "a boolean is neither 0 nor 1", "0 or 1", "another byte");
                }
                break;
        }
    }

    private static byte[] Copy(in GgufCursor cursor, long start, GgufLimits limits)
    {
        if (cursor.Position > limits.MaxMetadataBytes)
        {
            throw cursor.Error("the metadata are too large", $"at most {limits.MaxMetadataBytes} bytes", $"{cursor.Position} bytes or more");
        }
        return cursor.Since(start).ToArray();
    }
}
