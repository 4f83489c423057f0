using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace LocalLlm.Gguf;

/// <summary>
/// Fills a piece of a tensor's data. Pieces are asked for once each, in order, from the first byte to the last, and are whole blocks of the
/// tensor's type.
/// </summary>
/// <param name="offset">Where in the tensor's data the piece starts, in bytes.</param>
/// <param name="destination">The piece, all of which is to be written.</param>
public delegate void GgufTensorSource(long offset, Span<byte> destination);

/// <summary>
/// Writes GGUF files, new ones or copies. Metadata and tensors appear in the file in the order in which they were added. A writer made
/// from a file and not added to writes the same bytes again. Data is streamed in pieces: a tensor is never held whole.
/// </summary>
public sealed unsafe class GgufWriter
{
    /// <summary>Size of the pieces in which tensor data is written, at most.</summary>
    private const int PieceBytes = 1 << 20;

    // Keys and names that are not Unicode text would not be read again.
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly GgufLimits _limits;
    private readonly GgufMetadata _metadata = new(path: null);
    private readonly List<TensorEntry> _tensors = [];
    private readonly HashSet<string> _tensorNames = new(StringComparer.Ordinal);

    // The file whose layout is to be kept, while the tensors are the same: its gaps and its end are data that no entry describes.
    private GgufPart? _original;

    /// <summary>Makes a writer without metadata and tensors.</summary>
    /// <param name="version">Version of the format, 2 or 3; their layouts are the same.</param>
    /// <exception cref="ArgumentOutOfRangeException">Another version.</exception>
    public GgufWriter(uint version = 3)
        : this(version, GgufLimits.Default)
    {
    }

    private GgufWriter(uint version, GgufLimits limits)
    {
        Version = version is 2 or 3 ? version : throw new ArgumentOutOfRangeException(nameof(version), "GGUF files are written in version 2 or 3.");
        _limits = limits;
    }

    /// <summary>The version of the format.</summary>
    public uint Version { get; }

    /// <summary>What has been added so far. <c>general.alignment</c>, 32 when not added, is the alignment of the tensor data.</summary>
    public GgufMetadata Metadata => _metadata;

    /// <summary>
    /// Makes a writer that copies a file; it must stay open until the copy is written. A split model becomes one file, without the
    /// <c>split.</c> keys.
    /// </summary>
    public static GgufWriter From(GgufFile file)
    {
        bool merge = file.Parts.Count > 1;
        GgufWriter writer = new(file.Version, file.Parts[0].Limits);
        foreach ((string key, GgufValue value) in file.Metadata)
        {
            if (!merge || !GgufSplit.IsSplitKey(key))
            {
                writer.Add(key, value);
            }
        }
        foreach (GgufTensor tensor in file.Tensors)
        {
            writer.AddTensor(tensor);
        }
        writer._original = merge ? null : file.Parts[0];
        return writer;
    }

    /// <summary>Appends a metadata entry; <see cref="GgufValue"/> makes values of every type.</summary>
    /// <exception cref="ArgumentException">The key is there already or is not Unicode text.</exception>
    public void Add(string key, GgufValue value)
    {
        RequireText(key, _limits.MaxKeyBytes, nameof(key));
        if (!_metadata.TryAdd(key, value))
        {
            throw new ArgumentException($"The metadata key '{key}' has been added already.", nameof(key));
        }
    }

    /// <summary>Appends a string.</summary>
    /// <inheritdoc cref="Add(string, GgufValue)" path="/exception"/>
    public void Add(string key, string value) => Add(key, GgufValue.OfString(value));

    /// <summary>Appends a scalar; its .NET type is the type in the file: <c>Add("llama.block_count", 2u)</c> is a uint32.</summary>
    /// <inheritdoc cref="Add(string, GgufValue)" path="/exception"/>
    public void Add<T>(string key, T value)
        where T : unmanaged
        => Add(key, GgufValue.Of(value));

    /// <summary>Appends an array of strings.</summary>
    /// <inheritdoc cref="Add(string, GgufValue)" path="/exception"/>
    public void AddArray(string key, IEnumerable<string> values) => Add(key, GgufValue.OfStrings(values));

    /// <summary>Appends an array of scalars; their .NET type is the type in the file.</summary>
    /// <inheritdoc cref="Add(string, GgufValue)" path="/exception"/>
    public void AddArray<T>(string key, params ReadOnlySpan<T> values)
        where T : unmanaged
        => Add(key, GgufValue.OfArray(values));

    /// <summary>Appends a copy of a tensor, which is read from its file when the writer writes.</summary>
    /// <inheritdoc cref="AddTensor(string, GgmlType, ReadOnlySpan{long}, GgufTensorSource)" path="/exception"/>
    public void AddTensor(GgufTensor tensor)
        => AddTensor(tensor.Name, tensor.Type, [.. tensor.Dimensions], (offset, piece) => new ReadOnlySpan<byte>(tensor.Data + offset, piece.Length).CopyTo(piece));

    /// <summary>Appends a tensor whose data is at hand. The data is copied.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="type">How its elements are stored.</param>
    /// <param name="dimensions">Extents, fastest first: [columns, rows, ...].</param>
    /// <param name="data">The data, row after row.</param>
    /// <inheritdoc cref="AddTensor(string, GgmlType, ReadOnlySpan{long}, GgufTensorSource)" path="/exception"/>
    public void AddTensor(string name, GgmlType type, ReadOnlySpan<long> dimensions, ReadOnlySpan<byte> data)
    {
        long expected = ByteLength(type, dimensions);
        if (data.Length != expected)
        {
            throw new ArgumentException($"The tensor '{name}' needs {expected} bytes of data and was given {data.Length}.", nameof(data));
        }
        byte[] copy = data.ToArray();
        AddTensor(name, type, dimensions, (offset, piece) => copy.AsSpan((int)offset, piece.Length).CopyTo(piece));
    }

    /// <summary>Appends a tensor whose data is asked for, piece by piece, when the writer writes.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="type">How its elements are stored.</param>
    /// <param name="dimensions">Extents, fastest first: [columns, rows, ...].</param>
    /// <param name="source">Gives the data.</param>
    /// <exception cref="ArgumentException">The name is there already or is not Unicode text, or shape and data do not fit the type.</exception>
    public void AddTensor(string name, GgmlType type, ReadOnlySpan<long> dimensions, GgufTensorSource source)
    {
        RequireText(name, _limits.MaxNameBytes, nameof(name));
        long byteLength = ByteLength(type, dimensions);
        if (!_tensorNames.Add(name))
        {
            throw new ArgumentException($"The tensor '{name}' has been added already.", nameof(name));
        }
        _tensors.Add(new TensorEntry(name, type, dimensions.ToArray(), byteLength, source));
        _original = null;
    }

    /// <summary>
    /// Writes the file. It appears under its name only when it is complete, and replaces a file of that name without disturbing those
    /// who have it open.
    /// </summary>
    /// <exception cref="GgufFormatException"><c>general.alignment</c> is no power of two or out of range.</exception>
    public void Write(string path)
    {
        string partial = $"{path}.{Guid.NewGuid():N}.partial";
        try
        {
            using (FileStream stream = new(partial, FileMode.CreateNew, FileAccess.Write, FileShare.None, PieceBytes))
            {
                Write(stream);
                // Or a crash soon after could leave the name with a file whose bytes never reached the disk.
                stream.Flush(flushToDisk: true);
            }
            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    /// <summary>Writes the file to a stream, from its current position on; the stream need not seek and is left open.</summary>
    /// <inheritdoc cref="Write(string)" path="/exception"/>
    public void Write(Stream stream)
    {
        int alignment = GgufPart.AlignmentOf(_metadata, _limits);
        GgufPart? original = _original?.Alignment == alignment ? _original : null;

        long[] offsets = original is null ? PackedOffsets(alignment) : [.. original.Tensors.Select(tensor => tensor.FileOffset - original.DataStart)];
        byte[] directory = EncodeDirectory(offsets);
        stream.Write(directory);
        if (original is not null)
        {
            WriteRest(stream, original, directory.Length);
            return;
        }
        WritePadding(stream, directory.Length, alignment);
        byte[] piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        foreach (TensorEntry tensor in _tensors)
        {
            WriteData(stream, tensor, piece);
            WritePadding(stream, tensor.ByteLength, alignment);
        }
        ArrayPool<byte>.Shared.Return(piece);
    }

    /// <summary>Offsets of tensors that follow each other with no more than the padding between them.</summary>
    private long[] PackedOffsets(int alignment)
    {
        long[] offsets = new long[_tensors.Count];
        long end = 0;
        for (int i = 0; i < offsets.Length; i++)
        {
            offsets[i] = end;
            end = GgufPart.AlignUp(checked(end + _tensors[i].ByteLength), alignment);
        }
        return offsets;
    }

    /// <summary>Everything in front of the data section, its padding not included.</summary>
    private byte[] EncodeDirectory(long[] offsets)
    {
        ArrayBufferWriter<byte> output = new();
        WriteUInt32(output, GgufPart.Magic);
        WriteUInt32(output, Version);
        WriteInt64(output, _tensors.Count);
        WriteInt64(output, _metadata.Count);
        foreach ((string key, GgufValue value) in _metadata)
        {
            WriteText(output, key);
            WriteUInt32(output, (uint)value.Type);
            value.Encode(output);
        }
        for (int i = 0; i < offsets.Length; i++)
        {
            TensorEntry tensor = _tensors[i];
            WriteText(output, tensor.Name);
            WriteUInt32(output, (uint)tensor.Dimensions.Length);
            Array.ForEach(tensor.Dimensions, extent => WriteInt64(output, extent));
            WriteUInt32(output, (uint)tensor.Type);
            WriteInt64(output, offsets[i]);
        }
        return output.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Copies the data section of the original as it lies, gaps, order and end included, and the padding in front of it where the new
    /// directory ends at the same place.
    /// </summary>
    private static void WriteRest(Stream stream, GgufPart original, long directoryLength)
    {
        long from = original.DirectoryEnd;
        if (directoryLength != original.DirectoryEnd)
        {
            WritePadding(stream, directoryLength, original.Alignment);
            from = original.DataStart;
        }
        for (long at = from; at < original.File.Length; at += PieceBytes)
        {
            stream.Write(new ReadOnlySpan<byte>(original.File.Data + at, (int)Math.Min(PieceBytes, original.File.Length - at)));
        }
    }

    private static void WriteData(Stream stream, TensorEntry tensor, Span<byte> buffer)
    {
        int blockBytes = GgmlTypes.BlockBytes(tensor.Type);
        int pieceBytes = buffer.Length / blockBytes * blockBytes;
        for (long at = 0; at < tensor.ByteLength; at += pieceBytes)
        {
            Span<byte> piece = buffer[..(int)Math.Min(pieceBytes, tensor.ByteLength - at)];
            tensor.Source(at, piece);
            stream.Write(piece);
        }
    }

    private static void WritePadding(Stream stream, long length, int alignment)
        => stream.Write(new byte[GgufPart.AlignUp(length, alignment) - length]);

    private static void WriteUInt32(ArrayBufferWriter<byte> output, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(sizeof(uint)), value);
        output.Advance(sizeof(uint));
    }

    private static void WriteInt64(ArrayBufferWriter<byte> output, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(output.GetSpan(sizeof(long)), value);
        output.Advance(sizeof(long));
    }

    private static void WriteText(ArrayBufferWriter<byte> output, string text)
    {
        WriteInt64(output, StrictUtf8.GetByteCount(text));
        StrictUtf8.GetBytes(text, output);
    }

    private static void RequireText(string text, int maxBytes, string parameter)
    {
        // An encoder exception is an ArgumentException that says which character is wrong.
        if (StrictUtf8.GetByteCount(text) > maxBytes)
        {
            throw new ArgumentException($"A text of {text.Length} characters is too long here: at most {maxBytes} bytes.", parameter);
        }
    }

    private static long ByteLength(GgmlType type, ReadOnlySpan<long> dimensions)
    {
        if (dimensions.Length > TensorDirectoryReader.MaxDimensions || dimensions.ContainsAnyInRange(long.MinValue, 0))
        {
            throw new ArgumentException($"A tensor has at most {TensorDirectoryReader.MaxDimensions} dimensions of at least 1.", nameof(dimensions));
        }
        long bytes = GgmlTypes.RowBytes(type, dimensions.IsEmpty ? 1 : dimensions[0]);
        for (int i = 1; i < dimensions.Length; i++)
        {
            bytes = checked(bytes * dimensions[i]);
        }
        return bytes;
    }

    private sealed record TensorEntry(string Name, GgmlType Type, long[] Dimensions, long ByteLength, GgufTensorSource Source);
}
