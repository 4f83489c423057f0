namespace LocalLlm.Gguf;

/// <summary>
/// Reads the tensor directory: per tensor a name, the dimension count (u32), the dimensions (u64, fastest first), the type (u32) and the
/// offset of its data (u64) from the start of the data section. What comes back lies aligned inside the file, and no two tensors overlap.
/// </summary>
internal static class TensorDirectoryReader
{
    /// <summary>The least that an entry takes in the file: an empty name, no dimensions, type and offset.</summary>
    public const int MinimumEntryBytes = sizeof(ulong) + sizeof(uint) + sizeof(uint) + sizeof(ulong);

    /// <summary>ggml's tensors have at most four dimensions.</summary>
    public const int MaxDimensions = 4;

    /// <summary>Reads all entries; leaves the cursor behind the last.</summary>
    public static GgufTensor[] Read(ref GgufCursor cursor, MappedFile file, int count, int alignment, GgufLimits limits)
    {
        List<Entry> entries = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            Entry entry = ReadEntry(ref cursor, limits);
            if (!names.Add(entry.Name))
            {
                throw cursor.ErrorAt(entry.Offset, "there is a second tensor", "each name once", "the name twice");
            }
            cursor.Key = null;
            entries.Add(entry);
        }
        long dataStart = GgufPart.AlignUp(cursor.Position, alignment);
        RefuseMisaligned(entries, file, alignment);
        RefuseTruncated(entries, file, dataStart);
        GgufTensor[] tensors = [.. entries.Select(entry => new GgufTensor(
            entry.Name, entry.Type, entry.Dimensions, entry.Elements, (long)entry.ByteLength, file, dataStart + (long)entry.DataOffset))];
        RefuseOverlaps(tensors, file);
        return tensors;
    }

    private static Entry ReadEntry(ref GgufCursor cursor, GgufLimits limits)
    {
        long start = cursor.Position;
        string name = cursor.ReadName(limits.MaxNameBytes, "a tensor name");
        cursor.Key = name;
        (long[] dimensions, long elements) = ReadDimensions(ref cursor);
        GgmlType type = ReadType(ref cursor, columns: dimensions.Length == 0 ? 1 : dimensions[0]);
        ulong dataOffset = cursor.ReadUInt64("the data offset");
        return new Entry(start, name, type, dimensions, elements, dataOffset);
    }

    private static (long[] Dimensions, long Elements) ReadDimensions(ref GgufCursor cursor)
    {
        uint count = cursor.ReadUInt32("the dimension count");
        if (count > MaxDimensions)
        {
            throw cursor.ErrorBefore(sizeof(uint), "there are too many dimensions", $"at most {MaxDimensions}", $"{count}");
        }
        long[] dimensions = new long[count];
        UInt128 elements = 1;
        for (int i = 0; i < dimensions.Length; i++)
        {
            ulong extent = cursor.ReadUInt64("a dimension");
            // 63 bits times 64 bits: this cannot wrap.
            elements *= extent;
            if (extent == 0 || elements > long.MaxValue)
            {
                throw cursor.ErrorBefore(sizeof(ulong), "a dimension is out of range", "numbers from 1 whose product is below 2^63", $"{extent}");
            }
            dimensions[i] = (long)extent;
        }
        return (dimensions, (long)elements);
    }

    private static GgmlType ReadType(ref GgufCursor cursor, long columns)
    {
        GgmlType type = (GgmlType)cursor.ReadUInt32("the tensor type");
        if (!GgmlTypes.IsDefined(type))
        {
            throw cursor.ErrorBefore(sizeof(uint), "the tensor type is unknown", "a type from F32 (0) to MXFP4 (39) that is in use", $"type {(uint)type}");
        }
        int blockLength = GgmlTypes.BlockLength(type);
        return columns % blockLength == 0
            ? type
            : throw cursor.ErrorBefore(sizeof(uint), $"the rows are no whole number of {GgmlTypes.Name(type)} blocks", $"a multiple of {blockLength} columns", $"{columns}");
    }

    private static void RefuseMisaligned(List<Entry> entries, MappedFile file, int alignment)
    {
        foreach (Entry entry in entries)
        {
            if (entry.DataOffset % (uint)alignment != 0)
            {
                throw new GgufFormatException(file.Path, $"the data of the tensor {GgufFormatException.Quote(entry.Name)} is not aligned", entry.Offset,
                    entry.Name, $"a data offset that is a multiple of {alignment}", $"{entry.DataOffset}");
            }
        }
    }

    /// <summary>Names the tensor that reaches farthest, so that the size which the file should have can be told.</summary>
    private static void RefuseTruncated(List<Entry> entries, MappedFile file, long dataStart)
    {
        if (entries.Count == 0)
        {
            return;
        }
        Entry last = entries.MaxBy(entry => entry.DataEnd);
        UInt128 end = (UInt128)dataStart + last.DataEnd;
        if (end > (ulong)file.Length)
        {
            throw new GgufFormatException(file.Path,
                $"the file is truncated, the data of the tensor {GgufFormatException.Quote(last.Name)} reaches beyond its end; download or copy it again",
                file.Length, last.Name, $"at least {end} bytes", $"{file.Length} bytes");
        }
    }

    private static void RefuseOverlaps(GgufTensor[] tensors, MappedFile file)
    {
        GgufTensor[] sorted = [.. tensors.OrderBy(tensor => tensor.FileOffset)];
        for (int i = 1; i < sorted.Length; i++)
        {
            GgufTensor before = sorted[i - 1];
            GgufTensor tensor = sorted[i];
            long end = before.FileOffset + before.ByteLength;
            if (tensor.FileOffset < end)
            {
                throw new GgufFormatException(file.Path,
                    $"the data of the tensors {GgufFormatException.Quote(before.Name)} and {GgufFormatException.Quote(tensor.Name)} overlap",
                    tensor.FileOffset, tensor.Name, $"the second at byte {end} or later", $"byte {tensor.FileOffset}");
            }
        }
    }

    /// <summary>An entry as it stands: <see cref="Offset"/> is its own place in the file, <see cref="DataOffset"/> what it says of its data.</summary>
    private readonly record struct Entry(long Offset, string Name, GgmlType Type, long[] Dimensions, long Elements, ulong DataOffset)
    {
        /// <summary>Bytes of the data; up to 66 bits, because an element count of 63 bits may have elements of 8 bytes.</summary>
        public UInt128 ByteLength => (UInt128)Elements / (uint)GgmlTypes.BlockLength(Type) * (uint)GgmlTypes.BlockBytes(Type);

        /// <summary>End of the data from the start of the data section; wider than the offset, so that no sum can wrap.</summary>
        public UInt128 DataEnd => DataOffset + ByteLength;
    }
}
