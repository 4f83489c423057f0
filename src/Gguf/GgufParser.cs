using System.Buffers.Binary;
using System.Numerics;

namespace LocalLlm.Gguf;

/// <summary>
/// Reads header, metadata and tensor directory of one file, front to back, and validates all that it reads. Layout (little endian):
/// magic, version u32, tensor count u64, key count u64; per key: name, type u32, value; per tensor: name, dimension count u32,
/// dimensions u64 each, type u32, data offset u64 relative to the data section, which starts at the next aligned offset.
/// </summary>
internal sealed unsafe class GgufParser
{
    /// <summary>ggml's tensors have at most four dimensions.</summary>
    private const int MaxDimensions = 4;

    // The least that a key (empty name, type, one-byte value) and a tensor (empty name, no dimensions, type, offset) take in the file.
    private const int MinimumKeyBytes = sizeof(ulong) + sizeof(uint) + 1;
    private const int MinimumTensorBytes = sizeof(ulong) + sizeof(uint) + sizeof(uint) + sizeof(ulong);

    private readonly MappedFile _file;
    private readonly GgufLimits _limits;
    private GgufCursor _cursor;

    /// <summary>Parses a file.</summary>
    /// <exception cref="GgufFormatException">The file is not valid, not supported or beyond the limits.</exception>
    public GgufParser(MappedFile file, GgufLimits limits)
    {
        _file = file;
        _limits = limits;
        _cursor = new GgufCursor(file.Path, file.Data, file.Length);
        Metadata = new GgufMetadata(file.Path);

        Version = ReadVersion();
        int tensorCount = _cursor.ReadCount(limits.MaxTensors, MinimumTensorBytes, "the tensor count");
        int keyCount = _cursor.ReadCount(limits.MaxKeys, MinimumKeyBytes, "the key count");
        ReadMetadata(keyCount);
        Alignment = ReadAlignment();
        Tensors = ReadTensors(tensorCount);
    }

    /// <summary>The version of the format, 2 or 3.</summary>
    public uint Version { get; }

    /// <summary>The keys and values.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>Alignment of tensor data: a power of two.</summary>
    public int Alignment { get; }

    /// <summary>The tensors in directory order.</summary>
    public GgufTensor[] Tensors { get; }

    /// <summary>Offset of the first byte behind the tensor directory.</summary>
    public long DirectoryEnd { get; private set; }

    private uint ReadVersion()
    {
        uint magic = _cursor.ReadUInt32("the magic number");
        if (magic != GgufPart.Magic)
        {
            throw _cursor.ErrorBefore(sizeof(uint), "it is not a GGUF file", "the bytes 47 47 55 46 (\"GGUF\")", BytesOf(magic));
        }
        uint version = _cursor.ReadUInt32("the version");
        if (BinaryPrimitives.ReverseEndianness(version) is >= 1 and <= 3)
        {
            throw _cursor.ErrorBefore(sizeof(uint), "big-endian GGUF files are not supported", "little-endian numbers", $"version bytes {BytesOf(version)}");
        }
        if (version == 1)
        {
            throw _cursor.ErrorBefore(sizeof(uint), "GGUF version 1 is not supported, convert the model again with a current converter", "version 2 or 3", "version 1");
        }
        return version is 2 or 3
            ? version
            : throw _cursor.ErrorBefore(sizeof(uint), "this GGUF version is not supported", "version 2 or 3", $"version {version}");
    }

    private static string BytesOf(uint number)
        => $"{number & 0xFF:X2} {(number >> 8) & 0xFF:X2} {(number >> 16) & 0xFF:X2} {number >> 24:X2}";

    private void ReadMetadata(int keyCount)
    {
        for (int i = 0; i < keyCount; i++)
        {
            _cursor.Key = null;
            long start = _cursor.Position;
            string key = _cursor.ReadName(_limits.MaxKeyBytes, "a metadata key");
            _cursor.Key = key;
            GgufValue value = ReadValue();
            if (!Metadata.TryAdd(key, value))
            {
                throw new GgufFormatException(_file.Path, $"the metadata key '{key}' occurs twice", start, key, "each key once", "a second one");
            }
        }
        _cursor.Key = null;
    }

    private GgufValue ReadValue()
    {
        GgufValueType type = ReadType("the type of a metadata value");
        if (type == GgufValueType.Array)
        {
            (GgufValueType elementType, int count) = ReadArrayHeader(depth: 1);
            long start = _cursor.Position;
            SkipElements(elementType, count, depth: 1);
            return new GgufValue(elementType, count, Copy(start));
        }
        long at = _cursor.Position;
        if (type == GgufValueType.String)
        {
            int length = _cursor.ReadStringLength(_limits.MaxStringBytes, "a string value");
            at = _cursor.Position;
            _cursor.Take(length, "a string value");
        }
        else
        {
            SkipElements(type, 1, depth: 0);
        }
        return new GgufValue(type, Copy(at));
    }

    private GgufValueType ReadType(string what)
    {
        GgufValueType type = (GgufValueType)_cursor.ReadUInt32(what);
        return GgufValueTypes.IsDefined(type)
            ? type
            : throw _cursor.ErrorBefore(sizeof(uint), $"{what} is unknown", "0 to 12", $"{(uint)type}");
    }

    private (GgufValueType ElementType, int Count) ReadArrayHeader(int depth)
    {
        if (depth > _limits.MaxArrayDepth)
        {
            throw _cursor.Error("arrays are nested too deeply", $"at most {_limits.MaxArrayDepth} levels", $"{depth} levels or more");
        }
        GgufValueType elementType = ReadType("the element type of an array");
        int count = _cursor.ReadCount(_limits.MaxArrayLength, GgufValueTypes.MinimumBytes(elementType), "the length of an array");
        return (elementType, count);
    }

    /// <summary>Steps over values of a type, checking all that they announce. The work is bounded by the bytes of the file.</summary>
    private void SkipElements(GgufValueType type, int count, int depth)
    {
        switch (type)
        {
            case GgufValueType.String:
                for (int i = 0; i < count; i++)
                {
                    _cursor.Take(_cursor.ReadStringLength(_limits.MaxStringBytes, "a string value"), "a string value");
                }
                break;
            case GgufValueType.Array:
                for (int i = 0; i < count; i++)
                {
                    (GgufValueType elementType, int innerCount) = ReadArrayHeader(depth + 1);
                    SkipElements(elementType, innerCount, depth + 1);
                }
                break;
            default:
                byte* data = _cursor.Take((long)count * GgufValueTypes.MinimumBytes(type), "a value");
                if (type == GgufValueType.Bool && new ReadOnlySpan<byte>(data, count).ContainsAnyExceptInRange((byte)0, (byte)1))
                {
                    throw _cursor.ErrorBefore(count, "a boolean is neither 0 nor 1", "0 or 1", "another byte");
                }
                break;
        }
    }

    private byte[] Copy(long start)
    {
        if (_cursor.Position > _limits.MaxMetadataBytes)
        {
            throw _cursor.Error("the metadata are too large", $"at most {_limits.MaxMetadataBytes} bytes", $"{_cursor.Position} bytes or more");
        }
        return new ReadOnlySpan<byte>(_file.Data + start, (int)(_cursor.Position - start)).ToArray();
    }

    private int ReadAlignment()
    {
        if (!Metadata.TryGetUInt64(GgufPart.AlignmentKey, out ulong alignment))
        {
            return GgufPart.DefaultAlignment;
        }
        // 8 is the least that the format allows: the key must be a multiple of it.
        return alignment >= 8 && alignment <= (ulong)_limits.MaxAlignment && BitOperations.IsPow2(alignment)
            ? (int)alignment
            : throw new GgufFormatException(_file.Path, $"the value of '{GgufPart.AlignmentKey}' is out of range", null, GgufPart.AlignmentKey,
                $"a power of two from 8 to {_limits.MaxAlignment}", $"{alignment}");
    }

    private GgufTensor[] ReadTensors(int count)
    {
        TensorRecord[] records = new TensorRecord[count];
        HashSet<string> names = new(StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            records[i] = ReadRecord();
            if (!names.Add(records[i].Name))
            {
                throw new GgufFormatException(_file.Path, $"the tensor '{records[i].Name}' occurs twice", records[i].Offset, records[i].Name, "each name once", "a second one");
            }
        }
        _cursor.Key = null;
        DirectoryEnd = _cursor.Position;
        GgufTensor[] tensors = PlaceTensors(records);
        RefuseOverlaps(tensors);
        return tensors;
    }

    private TensorRecord ReadRecord()
    {
        _cursor.Key = null;
        long start = _cursor.Position;
        string name = _cursor.ReadName(_limits.MaxNameBytes, "a tensor name");
        _cursor.Key = name;
        uint rank = _cursor.ReadUInt32("the dimension count of a tensor");
        if (rank > MaxDimensions)
        {
            throw _cursor.ErrorBefore(sizeof(uint), "a tensor has too many dimensions", $"at most {MaxDimensions}", $"{rank}");
        }
        long[] dimensions = new long[rank];
        UInt128 elements = 1;
        for (int i = 0; i < dimensions.Length; i++)
        {
            ulong extent = _cursor.ReadUInt64("a dimension of a tensor");
            elements *= extent;
            // Both factors are below 2^63 when this holds, so the product of the next round cannot wrap.
            if (extent is 0 or > long.MaxValue || elements > long.MaxValue)
            {
                throw _cursor.ErrorBefore(sizeof(ulong), "a dimension of a tensor is out of range", "extents from 1 whose product is below 2^63", $"{extent}");
            }
            dimensions[i] = (long)extent;
        }
        GgmlType type = ReadTensorType(dimensions);
        ulong dataOffset = _cursor.ReadUInt64("the data offset of a tensor");
        return new TensorRecord(start, name, dimensions, (long)elements, type, dataOffset);
    }

    private GgmlType ReadTensorType(long[] dimensions)
    {
        GgmlType type = (GgmlType)_cursor.ReadUInt32("the type of a tensor");
        if (!GgmlTypes.IsDefined(type))
        {
            throw _cursor.ErrorBefore(sizeof(uint), "the type of a tensor is unknown", $"one of {string.Join(", ", GgmlTypes.All.Select(GgmlTypes.Name))}", $"type {(uint)type}");
        }
        long columns = dimensions.Length == 0 ? 1 : dimensions[0];
        int blockLength = GgmlTypes.BlockLength(type);
        return columns % blockLength == 0
            ? type
            : throw _cursor.ErrorBefore(sizeof(uint), $"the rows of a tensor are no whole number of {GgmlTypes.Name(type)} blocks", $"a multiple of {blockLength} columns", $"{columns}");
    }

    /// <summary>Turns the directory into tensors whose data lies aligned inside the file.</summary>
    private GgufTensor[] PlaceTensors(TensorRecord[] records)
    {
        long dataStart = GgufPart.AlignUp(DirectoryEnd, Alignment);
        GgufTensor[] tensors = new GgufTensor[records.Length];
        UInt128 end = 0;
        string? last = null;
        for (int i = 0; i < records.Length; i++)
        {
            TensorRecord record = records[i];
            UInt128 bytes = (UInt128)record.Elements / (uint)GgmlTypes.BlockLength(record.Type) * (uint)GgmlTypes.BlockBytes(record.Type);
            if (record.DataOffset % (uint)Alignment != 0)
            {
                throw new GgufFormatException(_file.Path, $"the data of the tensor '{record.Name}' is not aligned", record.Offset, record.Name,
                    $"an offset that is a multiple of {Alignment}", $"{record.DataOffset}");
            }
            UInt128 tensorEnd = (ulong)dataStart + (UInt128)record.DataOffset + bytes;
            (end, last) = tensorEnd > end ? (tensorEnd, record.Name) : (end, last);
            if (tensorEnd <= (ulong)_file.Length)
            {
                tensors[i] = new GgufTensor(record.Name, record.Type, record.Dimensions, record.Elements, (long)bytes, _file, dataStart + (long)record.DataOffset);
            }
        }
        return end <= (ulong)_file.Length
            ? tensors
            : throw new GgufFormatException(_file.Path, $"the file is truncated, the data of the tensor '{last}' ends behind it; download or copy it again",
                _file.Length, last, $"at least {end} bytes", $"{_file.Length} bytes");
    }

    private void RefuseOverlaps(GgufTensor[] tensors)
    {
        GgufTensor[] sorted = [.. tensors];
        Array.Sort(sorted, (a, b) => a.FileOffset.CompareTo(b.FileOffset));
        for (int i = 1; i < sorted.Length; i++)
        {
            GgufTensor before = sorted[i - 1];
            long end = before.FileOffset + before.ByteLength;
            if (sorted[i].FileOffset < end)
            {
                throw new GgufFormatException(_file.Path, $"the data of the tensors '{before.Name}' and '{sorted[i].Name}' overlap", sorted[i].FileOffset,
                    sorted[i].Name, $"an offset of at least {end}", $"{sorted[i].FileOffset}");
            }
        }
    }

    /// <summary>An entry of the tensor directory: <see cref="Offset"/> is its own place, <see cref="DataOffset"/> what it says of its data.</summary>
    private readonly record struct TensorRecord(long Offset, string Name, long[] Dimensions, long Elements, GgmlType Type, ulong DataOffset);
}
