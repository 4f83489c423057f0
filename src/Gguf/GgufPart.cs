using System.Buffers.Binary;
using System.Numerics;

namespace LocalLlm.Gguf;

/// <summary>
/// One mapped and validated file: a whole model, or one part of a split one. Layout (all numbers little endian): magic, version u32,
/// tensor count u64, key count u64, the metadata (<see cref="MetadataReader"/>), the tensor directory (<see cref="TensorDirectoryReader"/>),
/// zeros up to the next aligned offset, and the data section with the tensors, each at an aligned offset.
/// </summary>
internal sealed unsafe class GgufPart : IDisposable
{
    /// <summary>The bytes that every GGUF file starts with: "GGUF" as a little-endian number.</summary>
    public const uint Magic = 0x46554747;

    /// <summary>What <c>general.alignment</c> is when the key is missing.</summary>
    public const int DefaultAlignment = 32;

    /// <summary>The least alignment: the format asks for multiples of 8.</summary>
    public const int MinAlignment = 8;

    /// <summary>The metadata key of the alignment.</summary>
    public const string AlignmentKey = "general.alignment";

    private GgufPart(MappedFile file, GgufLimits limits)
    {
        (File, Limits) = (file, limits);
        GgufCursor cursor = new(file.Path, file.Data, file.Length);
        Version = ReadVersion(ref cursor);
        int tensorCount = cursor.ReadCount(limits.MaxTensors, TensorDirectoryReader.MinimumEntryBytes, "the tensor count");
        int keyCount = cursor.ReadCount(limits.MaxKeys, MetadataReader.MinimumEntryBytes, "the key count");
        Metadata = MetadataReader.Read(ref cursor, file.Path, keyCount, limits);
        Alignment = AlignmentOf(Metadata, limits);
        Tensors = TensorDirectoryReader.Read(ref cursor, file, tensorCount, Alignment, limits);
        DirectoryEnd = cursor.Position;
    }

    /// <summary>The mapped file.</summary>
    public MappedFile File { get; }

    /// <summary>What the file was held against.</summary>
    public GgufLimits Limits { get; }

    /// <summary>The version of the format, 2 or 3.</summary>
    public uint Version { get; }

    /// <summary>Bytes to whose multiples tensor data is aligned: a power of two.</summary>
    public int Alignment { get; }

    /// <summary>The metadata of this file.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>The tensors of this file, in the order of its directory.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Offset of the first byte behind the tensor directory.</summary>
    public long DirectoryEnd { get; }

    /// <summary>Offset of the data section; in a file without tensors it may lie behind the end.</summary>
    public long DataStart => AlignUp(DirectoryEnd, Alignment);

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
    public static long AlignUp(long offset, int alignment) => checked(offset + alignment - 1) & -(long)alignment;

    /// <summary>The alignment that metadata ask for.</summary>
    /// <exception cref="GgufFormatException">It is no power of two or out of range.</exception>
    public static int AlignmentOf(GgufMetadata metadata, GgufLimits limits)
    {
        if (!metadata.TryGetUInt64(AlignmentKey, out ulong alignment))
        {
            return DefaultAlignment;
        }
        return alignment >= MinAlignment && alignment <= (ulong)limits.MaxAlignment && BitOperations.IsPow2(alignment)
            ? (int)alignment
            : throw metadata.Invalid(AlignmentKey, $"the value of '{AlignmentKey}' is out of range",
                $"a power of two from {MinAlignment} to {limits.MaxAlignment}", $"{alignment}");
    }

    private static uint ReadVersion(ref GgufCursor cursor)
    {
        uint magic = cursor.ReadUInt32("the magic number");
        if (magic != Magic)
        {
            throw cursor.ErrorBefore(sizeof(uint), "it is not a GGUF file", $"the bytes {BytesOf(Magic)} (\"GGUF\")", BytesOf(magic));
        }
        uint version = cursor.ReadUInt32("the version");
        if (version is 2 or 3)
        {
            return version;
        }
        string problem = version == 1 ? "GGUF version 1 is no longer supported, convert the model again with a current converter"
            : BinaryPrimitives.ReverseEndianness(version) is >= 1 and <= 3 ? "big-endian GGUF files are not supported, convert the model for little-endian machines"
            : "this version of GGUF is not supported";
        throw cursor.ErrorBefore(sizeof(uint), problem, "version 2 or 3 in little-endian bytes", $"the bytes {BytesOf(version)}");
    }

    private static string BytesOf(uint number)
        => $"{number & 0xFF:X2} {(number >> 8) & 0xFF:X2} {(number >> 16) & 0xFF:X2} {number >> 24:X2}";
}
