using System.IO.MemoryMappedFiles;

namespace LocalLlm.Bench;

/// <summary>A temporary file, mapped as a model is, so that reading it costs what reading weights costs. It is gone with this.</summary>
public sealed unsafe class MappedMemory : IDisposable
{
    private const int Piece = 1 << 20;

    private readonly FileStream _stream;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private byte* _data;

    /// <summary>Writes and maps the file.</summary>
    /// <param name="length">Bytes, at least one.</param>
    /// <param name="fill">Makes the contents: gets the offset and the place for the bytes from there on, at most a mebibyte.</param>
    public MappedMemory(long length, Action<long, Memory<byte>> fill)
    {
        Length = length;
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        _stream = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.DeleteOnClose);
        byte[] piece = new byte[Piece];
        for (long at = 0; at < length; at += Piece)
        {
            Memory<byte> bytes = piece.AsMemory(0, (int)Math.Min(Piece, length - at));
            fill(at, bytes);
            _stream.Write(bytes.Span);
        }
        _file = MemoryMappedFile.CreateFromFile(_stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _data);
    }

    /// <summary>The first byte.</summary>
    public byte* Data => _data;

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>Unmaps and deletes the file.</summary>
    public void Dispose()
    {
        if (_data is not null)
        {
            _data = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file.Dispose();
            _stream.Dispose();
        }
    }
}
