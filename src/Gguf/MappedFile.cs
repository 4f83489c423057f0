using System.IO.MemoryMappedFiles;

namespace LocalLlm.Gguf;

/// <summary>
/// A whole file, mapped read only. If another process shortens the file after it was mapped, touching the lost pages ends this process
/// (SIGBUS): no user-space check can prevent that, which is why models in use must be replaced by renaming, never by rewriting.
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private byte* _data;

    private MappedFile(string path, long length, MemoryMappedFile file)
    {
        Path = path;
        Length = length;
        _file = file;
        _view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _data);
        _data += _view.PointerOffset;
    }

    /// <summary>The path as given.</summary>
    public string Path { get; }

    /// <summary>Bytes of the file when it was mapped; at least 1.</summary>
    public long Length { get; }

    /// <summary>The first byte; valid until disposal.</summary>
    /// <exception cref="ObjectDisposedException">The mapping is gone.</exception>
    public byte* Data
    {
        get
        {
            ObjectDisposedException.ThrowIf(_data is null, typeof(GgufFile));
            return _data;
        }
    }

    /// <summary>Maps a file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    /// <exception cref="IOException">The system cannot open or map the file.</exception>
    /// <exception cref="GgufFormatException">The path is a directory or a pipe, or the file is empty.</exception>
    public static MappedFile Open(string path)
    {
        if (Directory.Exists(path))
        {
            throw new GgufFormatException(path, "it is a directory", expected: "a GGUF file", found: "a directory");
        }
        try
        {
            // Buffer size 0: the stream only lends its handle. Delete sharing lets a newer model be renamed over this one.
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            if (!stream.CanSeek)
            {
                throw new GgufFormatException(path, "it is no regular file", expected: "a GGUF file", found: "a pipe or a device");
            }
            return stream.Length == 0
                ? throw new GgufFormatException(path, "the file is empty", 0, expected: "a GGUF file", found: "0 bytes")
                : Map(path, stream);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileNotFoundException($"Cannot read '{path}': there is no such file.", path, e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UnauthorizedAccessException($"Cannot read '{path}': this user has no permission to read the file.", e);
        }
        catch (IOException e)
        {
            throw new IOException($"Cannot read '{path}': {e.Message.TrimEnd('.')}.", e);
        }
    }

    /// <summary>Has the file read into memory on another thread, see <see cref="Gguf.ReadAhead"/>.</summary>
    // Advice for addresses that were unmapped meanwhile is refused, or goes to whatever is mapped there now, which it does no harm.
    public void ReadAhead()
    {
        nint data = (nint)Data;
        ThreadPool.UnsafeQueueUserWorkItem(file => Gguf.ReadAhead.Advise((byte*)data, file.Length, () => file._data is not null), this, preferLocal: false);
    }

    /// <summary>Unmaps the file. Pointers into it are invalid from here on.</summary>
    public void Dispose()
    {
        if (_data is null)
        {
            return;
        }
        _data = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private static MappedFile Map(string path, FileStream stream)
    {
        MemoryMappedFile file = MemoryMappedFile.CreateFromFile(
            stream, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        try
        {
            return new MappedFile(path, stream.Length, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
