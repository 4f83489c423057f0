namespace LocalLlm.Gguf;

/// <summary>One mapped and validated file: a whole model, or one part of a split one.</summary>
internal sealed unsafe class GgufPart : IDisposable
{
    /// <summary>The bytes that every GGUF file starts with: "GGUF" as a little-endian number.</summary>
    public const uint Magic = 0x46554747;

    /// <summary>What <c>general.alignment</c> is when the key is missing.</summary>
    public const int DefaultAlignment = 32;

    /// <summary>The metadata key of the alignment.</summary>
    public const string AlignmentKey = "general.alignment";

    private GgufPart(MappedFile file, GgufLimits limits)
    {
        File = file;
        GgufParser parser = new(file, limits);
        (Version, Metadata, Alignment, Tensors) = (parser.Version, parser.Metadata, parser.Alignment, parser.Tensors);
        DirectoryEnd = parser.DirectoryEnd;
    }

    /// <summary>The mapped file.</summary>
    public MappedFile File { get; }

    /// <summary>The version of the format, 2 or 3.</summary>
    public uint Version { get; }

    /// <summary>Bytes to whose multiples tensor data is aligned.</summary>
    public int Alignment { get; }

    /// <summary>The metadata of this file.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>The tensors of this file, in the order of its directory.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Offset of the first byte behind the tensor directory; the data starts at the next aligned offset.</summary>
    public long DirectoryEnd { get; }

    /// <summary>Maps and validates a file.</summary>
    public static GgufPart Open(string path, GgufLimits limits)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            return new GgufPart(file, limits);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => File.Dispose();

    /// <summary>The least multiple of a power of two that is not below the offset.</summary>
    public static long AlignUp(long offset, int alignment) => (offset + alignment - 1) & -(long)alignment;
}
