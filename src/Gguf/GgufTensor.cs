namespace LocalLlm.Gguf;

/// <summary>One tensor of a <see cref="GgufFile"/>: name, type, shape, and where its bytes lie in the mapped file.</summary>
public sealed unsafe class GgufTensor
{
    private readonly MappedFile _file;

    internal GgufTensor(string name, GgmlType type, long[] dimensions, long elementCount, long byteLength, MappedFile file, long fileOffset)
    {
        Name = name;
        Type = type;
        Dimensions = dimensions;
        ElementCount = elementCount;
        ByteLength = byteLength;
        FileOffset = fileOffset;
        _file = file;
    }

    /// <summary>The tensor's name, for example <c>blk.0.attn_q.weight</c>.</summary>
    public string Name { get; }

    /// <summary>How the elements are stored.</summary>
    public GgmlType Type { get; }

    /// <summary>
    /// Extents, fastest first: [columns, rows, ...]. A PyTorch weight of shape [out, in] reads [in, out] here. Empty for a scalar; every
    /// extent is at least 1.
    /// </summary>
    public IReadOnlyList<long> Dimensions { get; }

    /// <summary>Product of <see cref="Dimensions"/>.</summary>
    public long ElementCount { get; }

    /// <summary>Bytes of the data, padding not counted.</summary>
    public long ByteLength { get; }

    /// <summary>Elements of one row: the first dimension, 1 for a scalar. A multiple of the type's block length.</summary>
    public long Columns => Dimensions.Count == 0 ? 1 : Dimensions[0];

    /// <summary>Rows: the product of all dimensions but the first.</summary>
    public long Rows => ElementCount / Columns;

    /// <summary>Offset of the data in the file <see cref="Path"/>, from its first byte.</summary>
    public long FileOffset { get; }

    /// <summary>The file (of a split model: the part) that holds the data.</summary>
    public string Path => _file.Path;

    /// <summary>
    /// The first byte of the data, <see cref="ByteLength"/> bytes in the mapped, read-only file; aligned as the file says
    /// (<see cref="GgufFile.Alignment"/>). Valid until the <see cref="GgufFile"/> is disposed: keep the file alive while using it.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The file has been disposed.</exception>
    public byte* Data => _file.Data + FileOffset;

    /// <summary>Type, name and shape, for logs: <c>Q4_K blk.0.attn_q.weight [2048, 2048]</c>.</summary>
    public override string ToString() => $"{GgmlTypes.Name(Type)} {Name} [{string.Join(", ", Dimensions)}]";
}
