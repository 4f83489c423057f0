namespace LocalLlm.Gguf.Safetensors;

/// <summary>One tensor of a <see cref="SafetensorsFile"/>. Its data is read from the file when asked for.</summary>
public sealed class SafetensorsTensor
{
    private readonly SafetensorsFile _file;
    private readonly long _fileOffset;

    internal SafetensorsTensor(SafetensorsFile file, SafetensorsEntry entry, long dataStart)
    {
        _file = file;
        _fileOffset = dataStart + entry.Start;
        Name = entry.Name;
        Type = entry.Type;
        Shape = entry.Shape;
        ByteLength = entry.End - entry.Start;
    }

    /// <summary>The tensor's name, for example <c>model.layers.0.self_attn.q_proj.weight</c>.</summary>
    public string Name { get; }

    /// <summary>How the elements are stored: F32, F16 or BF16, little-endian.</summary>
    public GgmlType Type { get; }

    /// <summary>Extents, slowest first, as in PyTorch: [rows, columns]. Every extent is at least 1; a scalar has none.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Bytes of the data.</summary>
    public long ByteLength { get; }

    /// <summary>The file that holds the data.</summary>
    public string Path => _file.Path;

    /// <summary>Reads a piece of the data.</summary>
    /// <param name="offset">Where in the data the piece starts, in bytes.</param>
    /// <param name="destination">Filled to its end.</param>
    /// <exception cref="ArgumentOutOfRangeException">The piece is not within the data.</exception>
    /// <exception cref="SafetensorsFormatException">The file has become shorter since it was opened.</exception>
    /// <exception cref="IOException">The system cannot read the file.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > ByteLength - destination.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"The tensor '{Name}' has {ByteLength} bytes, not {destination.Length} from byte {offset} on.");
        }
        _file.Read(_fileOffset + offset, destination);
    }
}
