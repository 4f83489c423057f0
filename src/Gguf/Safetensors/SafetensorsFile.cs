using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace LocalLlm.Gguf.Safetensors;

/// <summary>
/// An open safetensors file: 8 bytes with the length of the header, the header (JSON), the data of the tensors. Opening reads and checks the header;
/// data is read in the pieces that are asked for, by any number of threads.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private const int LengthBytes = sizeof(ulong);

    private readonly SafeFileHandle _handle;
    private readonly Dictionary<string, SafetensorsTensor> _byName;

    private SafetensorsFile(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
        long length = RandomAccess.GetLength(handle);
        byte[] header = ReadHeader(length);
        long dataStart = LengthBytes + header.Length;
        Tensors = [.. SafetensorsHeader.Parse(path, header, length - dataStart).Select(entry => new SafetensorsTensor(this, entry, dataStart))];
        _byName = Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The path as given.</summary>
    public string Path { get; }

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<SafetensorsTensor> Tensors { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="SafetensorsFormatException">The file is not what the format demands, or is a directory or a pipe.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    /// <exception cref="IOException">The system cannot read the file.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (Directory.Exists(path))
        {
            throw new SafetensorsFormatException(path, "it is a directory, not a safetensors file");
        }
        SafeFileHandle handle = OpenHandle(path);
        try
        {
            return new SafetensorsFile(path, handle);
        }
        catch (NotSupportedException e)
        {
            handle.Dispose();
            throw new SafetensorsFormatException(path, "it is a pipe or a device, not a file", e);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>The tensor of a name; null if there is none.</summary>
    public SafetensorsTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Closes the file.</summary>
    public void Dispose() => _handle.Dispose();

    internal void Read(long fileOffset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int count = RandomAccess.Read(_handle, destination, fileOffset);
            if (count == 0)
            {
                throw new SafetensorsFormatException(Path, $"it ends at byte {fileOffset}, in the middle of a tensor; was it changed meanwhile?");
            }
            destination = destination[count..];
            fileOffset += count;
        }
    }

    private static SafeFileHandle OpenHandle(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileNotFoundException($"Cannot read '{path}': there is no such file.", path, e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UnauthorizedAccessException($"Cannot read '{path}': this user has no permission to read the file.", e);
        }
    }

    private byte[] ReadHeader(long fileLength)
    {
        if (fileLength < LengthBytes)
        {
            throw new SafetensorsFormatException(Path, $"it has only {fileLength} bytes and so no header");
        }
        Span<byte> prefix = stackalloc byte[LengthBytes];
        Read(0, prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > SafetensorsHeader.MaxBytes || (long)length > fileLength - LengthBytes)
        {
            throw new SafetensorsFormatException(
                Path, $"its header claims {length} bytes, but the file has {fileLength} and a header at most {SafetensorsHeader.MaxBytes}; is it a safetensors file?");
        }
        byte[] header = new byte[(int)length];
        Read(LengthBytes, header);
        return header;
    }
}
